"""Instances, security groups and rules as boto3 returns them, made from their number.

A revision changes what people change: tags, groups, metadata options, the type. About 3 kB of
JSON per instance, with ids that do not compress, as real ones do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.model import Scope

ACCOUNTS, REGIONS = 10, ("us-east-1", "eu-west-1")
TYPES = ("m7i.large", "m7i.xlarge", "c7g.large", "r7i.2xlarge", "t3.medium")
TEAMS = ("payments", "search", "platform", "data", "identity", "growth", "ledger")
ROLES = ("web", "api", "worker", "db", "cache", "batch")
_START = datetime(2026, 1, 5, tzinfo=UTC)


def scopes() -> list[Scope]:
    """Return the scopes over which the estate is spread."""
    return [Scope("aws", f"{10**11 + n * 7:012d}", r) for n in range(ACCOUNTS) for r in REGIONS]


def scope_of(index: int) -> Scope:
    """Return where a resource is."""
    account, region = divmod(index % (ACCOUNTS * len(REGIONS)), len(REGIONS))
    return Scope("aws", f"{10**11 + account * 7:012d}", REGIONS[region])


def instance(index: int, revision: int = 0) -> dict[str, Any]:
    """Return one instance of DescribeInstances."""
    role, team = ROLES[index % 6], TEAMS[index % 7]
    groups = [
        {"GroupId": _id("sg", (index // 50 + n + revision) % 4_000), "GroupName": f"{role}-{n}"}
        for n in range(2 + revision % 2)
    ]
    started = _START + timedelta(seconds=index * 37)
    address = f"10.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"
    return {
        "InstanceId": _id("i", index),
        "ImageId": _id("ami", index % 40),
        "State": {"Code": 16, "Name": "running"},
        "InstanceType": TYPES[(index + revision) % 5],
        "KeyName": f"{team}-2026" if index % 3 else None,
        "LaunchTime": started,
        "Placement": {"AvailabilityZone": scope_of(index).region + "a", "Tenancy": "default"},
        "VpcId": _id("vpc", index % 60),
        "SubnetId": _id("subnet", index % 480),
        "Architecture": "x86_64",
        "IamInstanceProfile": {
            "Arn": f"arn:aws:iam::{scope_of(index).account_id}:instance-profile/{team}-{role}",
            "Id": _id("AIPA", index % 300).upper(),
        },
        "BlockDeviceMappings": [_disk(index * 2 + n, n, started) for n in range(1 + index % 2)],
        "NetworkInterfaces": [_interface(index, groups, address, started)],
        "SecurityGroups": groups,
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": "optional" if (index + revision) % 11 == 0 else "required",
            "HttpPutResponseHopLimit": 1 + revision % 2,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "disabled",
        },
        "Tags": _tags(index, role, team, revision),
        **_constant(address),
    }


def group(index: int, revision: int = 0) -> dict[str, Any]:
    """Return one group of DescribeSecurityGroups, without its rules."""
    return {
        "GroupId": _id("sg", index),
        "GroupName": f"{ROLES[index % 6]}-{index}",
        "Description": f"{ROLES[index % 6]} servers, revision {revision}",
        "VpcId": _id("vpc", index % 60),
        "OwnerId": scope_of(index).account_id,
        "Tags": [{"Key": "Team", "Value": TEAMS[index % 7]}],
    }


def rule(index: int, revision: int = 0, *, rules_per_group: int = 10) -> dict[str, Any]:
    """Return one rule of DescribeSecurityGroupRules."""
    owner = index // rules_per_group
    return {
        "SecurityGroupRuleId": _id("sgr", index),
        "GroupId": _id("sg", owner),
        "GroupOwnerId": scope_of(owner).account_id,
        "IsEgress": index % 10 == 0,
        "IpProtocol": "tcp",
        "FromPort": 8000 + index % 90,
        "ToPort": 8000 + index % 90,
        "CidrIpv4": "0.0.0.0/0" if revision % 2 else f"10.{index % 250}.0.0/16",
        "Description": f"rule {index}",
        "Tags": [],
    }


def changed(size: int, share: float, revision: int) -> Iterator[int]:
    """Yield the numbers of the resources that a revision changes, spread over all of them."""
    step = round(1 / share)
    first = int(hashlib.sha256(str(revision).encode()).hexdigest(), 16)
    for block in range(0, size, step):
        yield min(size - 1, block + (first + block * 31) % step)


def _id(prefix: str, number: int) -> str:
    return f"{prefix}-0{hashlib.sha256(f'{prefix}{number}'.encode()).hexdigest()[:16]}"


def _disk(number: int, slot: int, started: datetime) -> dict[str, Any]:
    return {
        "DeviceName": "/dev/xvda" if slot == 0 else "/dev/sdf",
        "Ebs": {
            "AttachTime": started + timedelta(seconds=1),
            "DeleteOnTermination": slot == 0,
            "Status": "attached",
            "VolumeId": _id("vol", number),
        },
    }


def _interface(
    index: int, groups: list[dict[str, str]], address: str, started: datetime
) -> dict[str, Any]:
    name = f"ip-{address.replace('.', '-')}.ec2.internal"
    return {
        "Attachment": {
            "AttachTime": started,
            "AttachmentId": _id("eni-attach", index),
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "Status": "attached",
            "NetworkCardIndex": 0,
        },
        "Description": "",
        "Groups": groups,
        "Ipv6Addresses": [],
        "MacAddress": ":".join(_id("mac", index)[5 + 2 * n : 7 + 2 * n] for n in range(6)),
        "NetworkInterfaceId": _id("eni", index),
        "OwnerId": scope_of(index).account_id,
        "PrivateDnsName": name,
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [
            {"Primary": True, "PrivateDnsName": name, "PrivateIpAddress": address}
        ],
        "SourceDestCheck": True,
        "Status": "in-use",
        "SubnetId": _id("subnet", index % 480),
        "VpcId": _id("vpc", index % 60),
        "InterfaceType": "interface",
        "Operator": {"Managed": False},
    }


def _tags(index: int, role: str, team: str, revision: int) -> list[dict[str, str]]:
    tags = {
        "Name": f"{team}-{role}-{index:06d}",
        "Environment": ("prod", "staging", "dev")[index % 3],
        "Owner": f"team-{team}",
        "CostCenter": f"CC-{4000 + index % 90}",
        "ManagedBy": "terraform",
        "Release": f"2026.{revision}",
        "aws:autoscaling:groupName": f"asg-{team}-{role}",
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _constant(address: str) -> dict[str, Any]:
    name = f"ip-{address.replace('.', '-')}.ec2.internal"
    return {
        "Monitoring": {"State": "disabled"},
        "PrivateDnsName": name,
        "PrivateIpAddress": address,
        "PublicDnsName": "",
        "StateTransitionReason": "",
        "AmiLaunchIndex": 0,
        "ProductCodes": [],
        "EbsOptimized": True,
        "EnaSupport": True,
        "Hypervisor": "xen",
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "SourceDestCheck": True,
        "VirtualizationType": "hvm",
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": False},
        "EnclaveOptions": {"Enabled": False},
        "BootMode": "uefi-preferred",
        "CurrentInstanceBootMode": "uefi",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": _START,
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default", "RebootMigration": "default"},
        "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
        "Operator": {"Managed": False},
    }
