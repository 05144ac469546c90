"""Names of EC2 resources: ARNs, which are what makes a row's `resource_id` globally unique.

Loads no SDK, so that the tables can be listed without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.collect.table import common, sorted_set, tags_from_pairs
from auditor.model import Scope

_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)

_NOT_ASSOCIATED = ("disassociated", "failed")


def partition_of(region: str) -> str:
    """Return the partition that a region belongs to, by the prefix of its name."""
    for prefix, partition in _PARTITIONS:
        if region.startswith(prefix):
            return partition
    return "aws"


def ec2_arn(scope: Scope, kind: str, identifier: str, *, account: str | None = "") -> str:
    """Return the ARN of an EC2 resource; `account` where it is not the scope's own.

    Snapshots and images have ARNs without an account: pass None.
    """
    owner = (account or scope.account_id) if account is not None else ""
    return f"arn:{partition_of(scope.region)}:ec2:{scope.region}:{owner}:{kind}/{identifier}"


def ec2_common(
    scope: Scope, resource_id: str, raw: Mapping[str, Any], *, name: str | None = None
) -> dict[str, Any]:
    """Return the columns that every table has; the name is the tag `Name` where none is given."""
    tags = tags_from_pairs(raw.get("Tags") or raw.get("TagSet"))
    return common(scope, resource_id, name=name or tags.get("Name"), tags=tags, raw=dict(raw))


def associated(raw: Mapping[str, Any], key: str) -> list[str]:
    """Return the networks that are associated with a VPC or subnet: `CidrBlock` or the IPv6 one."""
    return sorted_set(
        item.get(key)
        for item in raw.get(f"{key}AssociationSet") or ()
        if (item.get(f"{key}State") or {}).get("State") not in _NOT_ASSOCIATED
    )


def attached_vpcs(raw: Mapping[str, Any]) -> list[str]:
    """Return the VPCs that a gateway is attached to; EC2 says `available` as well as `attached`."""
    return sorted_set(
        item.get("VpcId")
        for item in raw.get("Attachments") or ()
        if item.get("State") not in ("detaching", "detached")
    )
