"""EC2 security groups in further VPCs: one row per group and VPC that it may be used in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each association of a security group with another VPC than its own."""
    yield from scope.pages(
        "DescribeSecurityGroupVpcAssociations", "SecurityGroupVpcAssociations", MaxResults=1000
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one association."""
    group_id, vpc_id = raw["GroupId"], raw["VpcId"]
    group = ec2_arn(scope, "security-group", group_id, account=raw.get("GroupOwnerId") or "")
    return {
        **ec2_common(scope, f"{group}/vpc/{vpc_id}", raw),
        "group_id": group_id,
        "group_arn": group,
        "group_owner_id": raw.get("GroupOwnerId"),
        "vpc_id": vpc_id,
        "vpc_owner_id": raw.get("VpcOwnerId"),
        "state": raw.get("State"),
        "state_reason": raw.get("StateReason"),
    }


TABLE = ResourceTable(
    title="EC2 security group VPC associations",
    description="VPCs besides its own in which a security group may be used.",
    columns=(
        text("group_id", "Security group."),
        text("group_arn", "resource_id of that group."),
        text("group_owner_id", "Account that owns the group."),
        text("vpc_id", "VPC that it may be used in."),
        text("vpc_owner_id", "Account that owns the VPC."),
        text("state", "associating, associated, disassociating and so on."),
        text("state_reason", "What the service says about it.", volatile=True),
    ),
    permissions=("ec2:DescribeSecurityGroupVpcAssociations",),
    fetch=fetch,
    transform=transform,
    gone={"state": ("disassociated", "association-failed")},
    owner="group_arn",
)
