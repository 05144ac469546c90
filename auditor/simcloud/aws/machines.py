"""What an instance is and has, from its index: place, image, groups, tags, attributes.

Instances, interfaces and volumes are all made from this, so that they agree with each other: the
volume that an instance names is attached to it, its interface has its address and groups.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import NamedTuple

from auditor.simcloud.aws.seeding import (
    EVERY_AMAZON_IMAGE,
    EVERY_DEFAULT_GROUP,
    EVERY_ELASTIC,
    EVERY_LEGACY,
    EVERY_PROFILE,
    EVERY_PUBLIC,
    EVERY_STOPPED,
    SUBNETS,
    TEAMS,
    TYPES,
    VPC_SIZE,
    Role,
    Seeded,
    one_in,
)
from auditor.simcloud.aws.wire import Resource

ARCHITECTURES = ("x86_64", "arm64")
"""Of the own images, by number."""
AMAZON_IMAGE = len(ARCHITECTURES)
IMAGE_SIZE = 30
"""GiB of the volume in every image; no root volume is smaller."""
ROOT, DATA = "/dev/xvda", "/dev/sdf"


class Place(NamedTuple):
    """Where an instance is in the network, and what for."""

    vpc: int
    subnet: int
    slot: int
    role: Role
    address: str
    public: str | None
    elastic: bool
    running: bool


class Machines(Seeded):
    """The traits of the instances of one region."""

    def encrypted(self, instance: int) -> bool:
        """Tell whether the volumes of an instance, and snapshots of them, are encrypted."""
        return not one_in(EVERY_LEGACY, instance)

    def place(self, index: int) -> Place:
        """Return where an instance is; everything else follows from it."""
        vpc, local = divmod(index, VPC_SIZE)
        slot = 1 + local * self.group_count(vpc) // max(1, self.vpc_instances(vpc))
        host, subnet = divmod(local, SUBNETS)
        # NOTE: AWS keeps the first four addresses of a subnet
        # (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html)
        host += 4
        address = f"10.{20 + vpc}.{subnet * 32 + (host >> 8)}.{host & 0xFF}"
        running = not one_in(EVERY_STOPPED, index)
        public = self.public_address(index) if one_in(EVERY_PUBLIC, index) and running else None
        elastic = public is not None and index // EVERY_PUBLIC % EVERY_ELASTIC == 0
        return Place(vpc, subnet, slot, self.role(slot), address, public, elastic, running)

    def groups(self, index: int, place: Place) -> list[Resource]:
        """Return the group set of an instance and of its interface."""
        own = self.id("sg", self.group_index(place.vpc, place.slot))
        groups = [{"groupId": own, "groupName": place.role.name}]
        if one_in(EVERY_DEFAULT_GROUP, index):
            default = self.id("sg", self.group_index(place.vpc, 0))
            groups.append({"groupId": default, "groupName": "default"})
        return groups

    def kind(self, index: int) -> tuple[str, str]:
        """Return instance type and architecture."""
        type_ = TYPES[self.number("type", index // 4) % len(TYPES)]
        return type_, ARCHITECTURES["g." in type_]

    def image(self, index: int) -> int:
        """Return which image an instance was launched from: own, or now and then Amazon's."""
        number = ARCHITECTURES.index(self.kind(index)[1])
        if one_in(EVERY_AMAZON_IMAGE, index) and number == 0:
            return AMAZON_IMAGE
        return number

    def image_snapshot(self, number: int) -> str:
        """Return the snapshot under an image; Amazon's is not one of the account's own."""
        return self.id("snap", -1 if number == AMAZON_IMAGE else number)

    def launched(self, index: int) -> str:
        """Return the launch time; members of one reservation share it."""
        return self.time("launch", index // 4)

    def tags(self, index: int, place: Place) -> list[Resource]:
        """Return the tags of an instance."""
        role = place.role
        tags = {
            "Name": f"{role.name}-{index:05d}",
            "Environment": role.environment,
            "Service": role.service,
            "Owner": f"team-{TEAMS[place.slot % len(TEAMS)]}",
            "CostCenter": f"CC-{4000 + place.slot % 90}",
            "ManagedBy": "terraform",
        }
        if self.scaled(place):
            tags["aws:autoscaling:groupName"] = f"asg-{role.name}"
            tags["aws:ec2launchtemplate:id"] = self.id("lt", place.slot)
            tags["aws:ec2launchtemplate:version"] = "3"
        return [{"key": key, "value": value} for key, value in tags.items()]

    def scaled(self, place: Place) -> bool:
        """Tell whether an instance belongs to an Auto Scaling group."""
        return place.role.service in ("web", "worker", "edge")

    @cached_property
    def kms_key(self) -> str:
        """The ARN of the key that encrypts by default."""
        digits = f"{self.number('kms', 0):016x}{self.number('kms', 1):016x}"
        name = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return f"arn:aws:kms:{self.region}:{self.account}:key/{name}"

    def encryption(self, *, encrypted: bool) -> Resource:
        """Return the members that tell how a volume or snapshot is encrypted."""
        if not encrypted:
            return {"encrypted": False, "sseType": "none"}
        return {"encrypted": True, "kmsKeyId": self.kms_key, "sseType": "sse-kms"}

    def attributes(self, index: int) -> Resource:
        """Make what only DescribeInstanceAttribute tells of an instance."""
        place = self.place(index)
        prod = place.role.environment == "prod"
        script = (
            f"#!/bin/bash\nset -eu\nhostnamectl set-hostname {place.role.name}-{index:05d}\n"
            f"/opt/bootstrap --service {place.role.service} --env {place.role.environment}\n"
        )
        return {
            "userData": base64.b64encode(script.encode()).decode() if index % 5 else None,
            "disableApiTermination": prod and place.role.service == "db",
            "disableApiStop": False,
            "instanceInitiatedShutdownBehavior": "terminate" if self.scaled(place) else "stop",
        }

    def has_profile(self, index: int) -> bool:
        """Tell whether an instance has an instance profile."""
        return index % EVERY_PROFILE != 0
