"""EC2 egress-only internet gateways: one row each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import attached_vpcs, ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each egress-only internet gateway."""
    yield from scope.pages(
        "DescribeEgressOnlyInternetGateways", "EgressOnlyInternetGateways", MaxResults=255
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one egress-only internet gateway."""
    gateway_id = raw["EgressOnlyInternetGatewayId"]
    return {
        **ec2_common(scope, ec2_arn(scope, "egress-only-internet-gateway", gateway_id), raw),
        "incarnation_id": gateway_id,
        "egress_only_internet_gateway_id": gateway_id,
        "vpc_ids": attached_vpcs(raw),
    }


TABLE = ResourceTable(
    title="EC2 egress-only internet gateways",
    description="Ways from VPCs to the Internet over IPv6, not back.",
    columns=(
        text("egress_only_internet_gateway_id", "Id of the gateway."),
        strings("vpc_ids", "VPCs that it is attached to."),
    ),
    permissions=("ec2:DescribeEgressOnlyInternetGateways",),
    fetch=fetch,
    transform=transform,
)
