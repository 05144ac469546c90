"""EC2 VPC peering connections: one row each, seen from either side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each VPC peering connection; ended ones are listed for a while."""
    yield from scope.pages(
        "DescribeVpcPeeringConnections", "VpcPeeringConnections", MaxResults=1000
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one VPC peering connection."""
    connection_id, status = raw["VpcPeeringConnectionId"], raw.get("Status") or {}
    return {
        **ec2_common(scope, ec2_arn(scope, "vpc-peering-connection", connection_id), raw),
        "incarnation_id": connection_id,
        "vpc_peering_connection_id": connection_id,
        "status": status.get("Code"),
        "status_message": status.get("Message"),
        "expiration_time": raw.get("ExpirationTime"),
        **_side("requester", raw.get("RequesterVpcInfo") or {}),
        **_side("accepter", raw.get("AccepterVpcInfo") or {}),
    }


def _side(name: str, info: Mapping[str, Any]) -> dict[str, Any]:
    options = info.get("PeeringOptions") or {}
    listed = [block.get("CidrBlock") for block in info.get("CidrBlockSet") or ()]
    return {
        f"{name}_account_id": info.get("OwnerId"),
        f"{name}_region": info.get("Region"),
        f"{name}_vpc_id": info.get("VpcId"),
        f"{name}_cidr_blocks": sorted_set([info.get("CidrBlock"), *listed]),
        f"{name}_ipv6_cidr_blocks": sorted_set(
            block.get("Ipv6CidrBlock") for block in info.get("Ipv6CidrBlockSet") or ()
        ),
        f"{name}_allows_remote_dns": options.get("AllowDnsResolutionFromRemoteVpc"),
    }


TABLE = ResourceTable(
    title="EC2 VPC peering connections",
    description="Private connections between two VPCs, of one account or of two.",
    columns=(
        text("vpc_peering_connection_id", "Id of the connection."),
        text("status", "pending-acceptance, active, rejected, deleted and so on."),
        text("status_message", "What the service says about it.", volatile=True),
        timestamp("expiration_time", "When an unanswered request ends.", volatile=True),
        text("requester_account_id", "Account that asked for it."),
        text("requester_region", "Region of its VPC."),
        text("requester_vpc_id", "Its VPC."),
        strings("requester_cidr_blocks", "IPv4 networks of that VPC."),
        strings("requester_ipv6_cidr_blocks", "IPv6 networks of that VPC."),
        boolean("requester_allows_remote_dns", "Whether the other side may resolve its names."),
        text("accepter_account_id", "Account that was asked."),
        text("accepter_region", "Region of its VPC."),
        text("accepter_vpc_id", "Its VPC."),
        strings("accepter_cidr_blocks", "IPv4 networks of that VPC."),
        strings("accepter_ipv6_cidr_blocks", "IPv6 networks of that VPC."),
        boolean("accepter_allows_remote_dns", "Whether the other side may resolve its names."),
    ),
    permissions=("ec2:DescribeVpcPeeringConnections",),
    fetch=fetch,
    transform=transform,
    gone={"status": ("deleted", "rejected", "failed", "expired")},
)
