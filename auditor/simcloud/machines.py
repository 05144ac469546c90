"""Instances and what hangs on them, made from their index: interfaces, volumes, snapshots.

The functions of one index agree with each other: the volume that an instance names is attached to
it, its interface carries its address and groups, its image and snapshots exist.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import NamedTuple

from auditor.simcloud.seeding import (
    EVERY_AMAZON_IMAGE,
    EVERY_DATA,
    EVERY_DEFAULT_GROUP,
    EVERY_ELASTIC,
    EVERY_LEGACY,
    EVERY_PROFILE,
    EVERY_PUBLIC,
    EVERY_SNAPSHOT,
    EVERY_STOPPED,
    SUBNETS,
    TEAMS,
    TYPES,
    VPC_SIZE,
    Role,
    Seeded,
    one_in,
)
from auditor.simcloud.wire import Resource

ARCHITECTURES = ("x86_64", "arm64")
"""Of the own images, by number."""
AMAZON_IMAGE = len(ARCHITECTURES)
FIRST_SNAPSHOT = EVERY_LEGACY // 2
"""Instance of the first snapshot: the first with unencrypted volumes, so that small estates too
have a snapshot that can be shared publicly."""
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
    """Makes the resources of one region around its instances."""

    @cached_property
    def data_volumes(self) -> int:
        """Number of second volumes."""
        return -(-self.count // EVERY_DATA)

    @cached_property
    def volumes(self) -> int:
        """Number of volumes: root, data, and a few that are attached to nothing."""
        return self.count + self.data_volumes + (self.count // 50 + 1 if self.count else 0)

    @cached_property
    def snapshots(self) -> int:
        """Number of own snapshots: one under each image, and some of volumes."""
        return len(ARCHITECTURES) + -(-max(0, self.count - FIRST_SNAPSHOT) // EVERY_SNAPSHOT)

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

    def interface(self, index: int) -> Resource:
        """Make the network interface of an instance, as DescribeNetworkInterfaces shows it."""
        place = self.place(index)
        dns = self.dns(place.address, public=False)
        association: Resource = {}
        if place.public:
            owner = self.account if place.elastic else "amazon"
            dns_name = self.dns(place.public, public=True)
            association = {
                "publicIp": place.public,
                "publicDnsName": dns_name,
                "ipOwnerId": owner,
            }
            if place.elastic:
                association["allocationId"] = self.id("eipalloc", index)
                association["associationId"] = self.id("eipassoc", index)
        optional = {"association": association} if association else {}
        bits = self.number("mac", index)
        mac = ":".join(f"{bits >> shift & 0xFF:02x}" for shift in (0, 8, 16, 24, 32))
        return {
            "networkInterfaceId": self.id("eni", index),
            "subnetId": self.id("subnet", place.vpc * SUBNETS + place.subnet),
            "vpcId": self.id("vpc", place.vpc),
            "availabilityZone": self.zone(place.subnet),
            "description": "",
            "ownerId": self.account,
            "requesterManaged": False,
            "status": "in-use",
            "macAddress": f"0a:{mac}",
            "privateIpAddress": place.address,
            "privateDnsName": dns,
            "sourceDestCheck": True,
            "groupSet": self.groups(index, place),
            "attachment": {
                "attachmentId": self.id("eni-attach", index),
                "instanceId": self.id("i", index),
                "instanceOwnerId": self.account,
                "deviceIndex": 0,
                "networkCardIndex": 0,
                "status": "attached",
                "attachTime": self.launched(index),
                "deleteOnTermination": True,
            },
            **optional,
            "tagSet": [],
            "privateIpAddressesSet": [
                {"privateIpAddress": place.address, "privateDnsName": dns, "primary": True}
                | optional
            ],
            "ipv6AddressesSet": [],
            "interfaceType": "interface",
            "operator": {"managed": False},
        }

    def volume(self, index: int) -> Resource:
        """Make a volume: the root of an instance, its data volume, or a loose one."""
        data = index - self.count
        instance = index if data < 0 else data * EVERY_DATA
        attachments: list[Resource] = []
        loose = data >= self.data_volumes
        if loose:
            instance = 0
        place = self.place(instance)
        if not loose:
            attachments = [
                {
                    "volumeId": self.id("vol", index),
                    "instanceId": self.id("i", instance),
                    "device": ROOT if data < 0 else DATA,
                    "status": "attached",
                    "attachTime": self.launched(instance),
                    "deleteOnTermination": data < 0,
                }
            ]
        origin = self.image_snapshot(self.image(instance)) if data < 0 else ""
        return {
            "volumeId": self.id("vol", index),
            "size": (30, 100, 8)[self.number("size", index) % 3],
            "snapshotId": origin,
            "availabilityZone": self.zone(place.subnet),
            "availabilityZoneId": self.zone_id(place.subnet),
            "status": "available" if loose else "in-use",
            "createTime": self.launched(instance),
            "attachmentSet": attachments,
            "tagSet": [{"key": "Environment", "value": place.role.environment}],
            "volumeType": "gp3",
            "iops": 3000,
            "throughput": 125,
            **self.encryption(encrypted=self.encrypted(instance)),
            "multiAttachEnabled": False,
            "operator": {"managed": False},
        }

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

    def snapshot(self, index: int) -> Resource:
        """Make an own snapshot: under an image, or of the root volume of an instance."""
        number = index - len(ARCHITECTURES)
        instance = FIRST_SNAPSHOT + number * EVERY_SNAPSHOT
        source = "vol-ffffffff" if number < 0 else self.id("vol", instance)
        text = "Created by CreateImage" if number < 0 else "nightly backup"
        name = "golden-image" if number < 0 else f"backup-{number:05d}"
        return {
            "snapshotId": self.id("snap", index),
            "volumeId": source,
            "status": "completed",
            "startTime": self.time("snapshot", index),
            "completionTime": self.time("snapshot", index),
            "progress": "100%",
            "ownerId": self.account,
            "volumeSize": 30,
            "description": text,
            "tagSet": [{"key": "Name", "value": name}],
            **self.encryption(encrypted=number < 0 or self.encrypted(instance)),
            "storageTier": "standard",
            "transferType": "standard",
        }

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
