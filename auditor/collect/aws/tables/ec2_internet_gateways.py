"""EC2 internet gateways: one row each, with the VPCs that they open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import attached_vpcs, ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each internet gateway."""
    yield from scope.pages("DescribeInternetGateways", "InternetGateways", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one internet gateway."""
    gateway_id = raw["InternetGatewayId"]
    arn = ec2_arn(scope, "internet-gateway", gateway_id, account=raw.get("OwnerId") or "")
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": gateway_id,
        "internet_gateway_id": gateway_id,
        "owner_id": raw.get("OwnerId"),
        "vpc_ids": attached_vpcs(raw),
    }


TABLE = ResourceTable(
    title="EC2 internet gateways",
    description="Ways between VPCs and the Internet, in both directions.",
    columns=(
        text("internet_gateway_id", "Id of the gateway."),
        text("owner_id", "Account that owns it."),
        strings("vpc_ids", "VPCs that it is attached to."),
    ),
    permissions=("ec2:DescribeInternetGateways",),
    fetch=fetch,
    transform=transform,
)
