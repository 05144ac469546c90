"""EC2 security groups: one row each; their rules are in `aws_ec2_security_group_rules`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each security group."""
    yield from scope.pages("DescribeSecurityGroups", "SecurityGroups", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one security group."""
    group_id = raw["GroupId"]
    arn = ec2_arn(scope, "security-group", group_id, account=raw.get("OwnerId") or "")
    return {
        **ec2_common(scope, arn, raw, name=raw.get("GroupName")),
        "incarnation_id": group_id,
        "group_id": group_id,
        "group_name": raw.get("GroupName"),
        "vpc_id": raw.get("VpcId"),
        "owner_id": raw.get("OwnerId"),
        "description": raw.get("Description"),
        "is_default": raw.get("GroupName") == "default",
    }


TABLE = ResourceTable(
    title="EC2 security groups",
    description="Stateful packet filters of network interfaces; allow only.",
    columns=(
        text("group_id", "Id of the group."),
        text("group_name", "Name given at creation; unique in its VPC."),
        text("vpc_id", "VPC that it belongs to."),
        text("owner_id", "Account that owns it; another one where it is shared."),
        text("description", "Text given at creation."),
        boolean("is_default", "Whether it is the default group of its VPC."),
    ),
    permissions=("ec2:DescribeSecurityGroups",),
    fetch=fetch,
    transform=transform,
)
