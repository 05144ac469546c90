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
    EVERY_DATA,
    EVERY_DEFAULT_GROUP,
    EVERY_ELASTIC,
    EVERY_LEGACY,
    EVERY_PROFILE,
    EVERY_STOPPED,
    PUBLIC_SUBNETS,
    SCALED,
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
TEMPLATE_VERSION = 3
"""Of the launch template that the members of every scaling group come from."""
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
    scaled: bool
    unit: int
    """What decides on traits: the number of the scaling group, or of the instance without one."""


class Machines(Seeded):
    """The traits of the instances of one region."""

    def is_legacy(self, unit: int) -> bool:
        """Tell whether instances are from before the rules: IMDSv1, unencrypted volumes."""
        return one_in(EVERY_LEGACY, unit)

    def encrypted(self, instance: int) -> bool:
        """Tell whether the volumes of an instance, and snapshots of them, are encrypted."""
        return not self.is_legacy(self.unit(instance))

    def place(self, index: int) -> Place:
        """Return where an instance is; everything else follows from it."""
        vpc, local = divmod(index, VPC_SIZE)
        slot = self.slot(index)
        role, scaled = self.role(slot), self.is_scaled(index)
        # NOTE: AWS keeps the first four addresses of a subnet
        # (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html)
        host, subnet = divmod(local, SUBNETS)
        host += 4
        in_public = subnet < PUBLIC_SUBNETS
        if scaled and in_public != self.faces_internet(role):
            # NOTE: a scaling group is in public or in private subnets; those that are not where
            # their number puts them have the upper half of the addresses, so none is used twice
            subnet = (subnet + PUBLIC_SUBNETS) % SUBNETS
            host += VPC_SIZE // SUBNETS
        address = f"10.{20 + vpc}.{subnet * 32 + (host >> 8)}.{host & 0xFF}"
        running = scaled or not one_in(EVERY_STOPPED, index)
        chosen = (
            self.faces_internet(role) if scaled else index // SUBNETS % PUBLIC_SUBNETS == subnet
        )
        elastic = self.is_elastic(index)
        public = self.public_address(index) if chosen and (running or elastic) else None
        unit = self.group_index(vpc, slot) if scaled else index
        return Place(vpc, subnet, slot, role, address, public, elastic, running, scaled, unit)

    def is_elastic(self, index: int) -> bool:
        """Tell whether an instance has an elastic address, which it keeps while it is stopped."""
        row = index // SUBNETS
        chosen = row % PUBLIC_SUBNETS == index % SUBNETS and row // 3 % EVERY_ELASTIC == 1
        return chosen and not self.is_scaled(index)

    @staticmethod
    def faces_internet(role: Role) -> bool:
        """Tell whether a scaling group has public addresses, in the public subnets."""
        return role.service == "edge"

    def groups(self, place: Place) -> list[Resource]:
        """Return the group set of an instance and of its interface."""
        ids = self.group_ids(place.vpc, place.slot, place.unit)
        names = (place.role.name, "default")
        pairs = zip(ids, names, strict=False)
        return [{"groupId": id_, "groupName": name} for id_, name in pairs]

    def group_ids(self, vpc: int, slot: int, unit: int) -> list[str]:
        """Return the ids of the groups of a scaling group or of an instance."""
        slots = (slot, 0) if one_in(EVERY_DEFAULT_GROUP, unit) else (slot,)
        return [self.id("sg", self.group_index(vpc, slot)) for slot in slots]

    def metadata(self, unit: int) -> Resource:
        """Return the metadata options of a scaling group or of an instance."""
        legacy = self.is_legacy(unit)
        return {
            "httpTokens": "optional" if legacy else "required",
            "httpPutResponseHopLimit": 1 if legacy else 2,
            "httpEndpoint": "enabled",
            "httpProtocolIpv6": "disabled",
            "instanceMetadataTags": "disabled",
        }

    def kind(self, index: int) -> tuple[str, str]:
        """Return instance type and architecture."""
        return self.unit_kind(self.unit(index), scaled=self.is_scaled(index))

    def unit_kind(self, unit: int, *, scaled: bool) -> tuple[str, str]:
        """Return instance type and architecture of a scaling group or of a single instance."""
        number = self.number("group-type", unit) if scaled else self.number("type", unit // 4)
        type_ = TYPES[number % len(TYPES)]
        return type_, ARCHITECTURES["g." in type_]

    def image(self, index: int) -> int:
        """Return which image an instance was launched from: own, or now and then Amazon's."""
        return self.unit_image(self.unit(index), scaled=self.is_scaled(index))

    def unit_image(self, unit: int, *, scaled: bool) -> int:
        """Return the image of a scaling group or of a single instance."""
        number = ARCHITECTURES.index(self.unit_kind(unit, scaled=scaled)[1])
        if one_in(EVERY_AMAZON_IMAGE, unit) and number == 0 and not scaled:
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
        tags = self.role_tags(place.role, place.slot)
        if place.scaled:
            tags["aws:autoscaling:groupName"] = self.scaling_group(place.vpc, place.slot)
            tags["aws:ec2launchtemplate:id"] = self.id("lt", place.unit)
            tags["aws:ec2launchtemplate:version"] = str(TEMPLATE_VERSION)
        else:
            tags["Name"] += f"-{index:05d}"
        return [{"key": key, "value": value} for key, value in tags.items()]

    def role_tags(self, role: Role, slot: int) -> dict[str, str]:
        """Return the tags that the instances of a slot have in common."""
        return {
            "Name": role.name,
            "Environment": role.environment,
            "Service": role.service,
            "Owner": f"team-{TEAMS[slot % len(TEAMS)]}",
            "CostCenter": f"CC-{4000 + slot % 90}",
            "ManagedBy": "terraform",
        }

    def scaling_group(self, vpc: int, slot: int) -> str:
        """Return the name of the Auto Scaling group of a slot."""
        suffix = f"-vpc{vpc + 1}" if vpc else ""
        return f"asg-{self.role(slot).name}{suffix}"

    @cached_property
    def scaled_slots(self) -> list[tuple[int, int]]:
        """VPC and slot of every Auto Scaling group."""
        if not self.count:
            return []
        return [
            (vpc, slot)
            for vpc in range(self.vpcs)
            for slot in range(1, 1 + self.group_count(vpc))
            if self.role(slot).service in SCALED
        ]

    @cached_property
    def data_hosts(self) -> list[int]:
        """The instances with a data volume, in the order of these volumes."""
        return [i for i in range(0, self.count, EVERY_DATA) if not self.is_scaled(i)]

    @cached_property
    def data_volumes(self) -> dict[int, int]:
        """Instance -> number of its data volume in the region."""
        return {host: self.count + number for number, host in enumerate(self.data_hosts)}

    @cached_property
    def first_legacy(self) -> int:
        """The first instance with unencrypted volumes, else the first of all.

        A snapshot is made of it, so that small estates too have one that can be shared publicly.
        """
        return next((i for i in range(min(self.count, VPC_SIZE)) if not self.encrypted(i)), 0)

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
        name = place.role.name if place.scaled else f"{place.role.name}-{index:05d}"
        return {
            "userData": self.script(place.role, name) if index % 5 or place.scaled else None,
            "disableApiTermination": prod and place.role.service == "db",
            "disableApiStop": False,
            "instanceInitiatedShutdownBehavior": "terminate" if place.scaled else "stop",
        }

    @staticmethod
    def script(role: Role, name: str) -> str:
        """Return the user data that sets up an instance, in base64."""
        script = (
            f"#!/bin/bash\nset -eu\nhostnamectl set-hostname {name}\n"
            f"/opt/bootstrap --service {role.service} --env {role.environment}\n"
        )
        return base64.b64encode(script.encode()).decode()

    def has_profile(self, unit: int) -> bool:
        """Tell whether an instance or a scaling group has an instance profile."""
        return unit % EVERY_PROFILE != 0
