"""EC2 route tables: one row each, with where traffic to the Internet goes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
    "IpAddress",
)
"""Fields of a route that may name where it leads, the most telling one first."""

MANUAL = ("CreateRouteTable", "CreateRoute", None)
"""Origins of routes that somebody has set; others are learnt from a gateway."""

_OVER = ("disassociating", "disassociated", "failed")


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each route table."""
    yield from scope.pages("DescribeRouteTables", "RouteTables", MaxResults=100)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one route table."""
    table_id = raw["RouteTableId"]
    arn = ec2_arn(scope, "route-table", table_id, account=raw.get("OwnerId") or "")
    links = [a for a in raw.get("Associations") or () if _state(a) not in _OVER]
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": table_id,
        "route_table_id": table_id,
        "vpc_id": raw.get("VpcId"),
        "owner_id": raw.get("OwnerId"),
        "is_main": any(link.get("Main") for link in links),
        "subnet_ids": sorted_set(link.get("SubnetId") for link in links),
        "edge_ids": sorted_set(
            link.get(key) for link in links for key in ("GatewayId", "PublicIpv4Pool")
        ),
        "propagating_gateway_ids": sorted_set(
            gateway.get("GatewayId") for gateway in raw.get("PropagatingVgws") or ()
        ),
        **_routes(raw.get("Routes") or []),
    }


def _state(association: Mapping[str, Any]) -> str | None:
    state: str | None = (association.get("AssociationState") or {}).get("State")
    return state


def _routes(routes: list[Mapping[str, Any]]) -> dict[str, Any]:
    learnt = [route for route in routes if route.get("Origin") not in MANUAL]
    internet = [r for r in routes if str(r.get("GatewayId") or "").startswith("igw-")]
    return {
        "routes": sorted_set(_line(r) for r in routes if r.get("Origin") in MANUAL),
        "learnt_routes": sorted_set(_line(route) for route in learnt),
        "unusable_routes": sorted_set(
            _line(route) for route in routes if route.get("State") not in ("active", None)
        ),
        "internet_ipv4": _whole(r.get("DestinationCidrBlock") for r in internet),
        "internet_ipv6": _whole(r.get("DestinationIpv6CidrBlock") for r in internet),
        "internet_gateway_ids": sorted_set(r.get("GatewayId") for r in internet),
        "peering_connection_ids": sorted_set(r.get("VpcPeeringConnectionId") for r in routes),
        "transit_gateway_ids": sorted_set(r.get("TransitGatewayId") for r in routes),
        "nat_gateway_ids": sorted_set(r.get("NatGatewayId") for r in routes),
        "forwarding_interface_ids": sorted_set(r.get("NetworkInterfaceId") for r in routes),
    }


def _line(route: Mapping[str, Any]) -> str:
    """Return a route in one line, such as `0.0.0.0/0 to igw-1`."""
    where = next((route[key] for key in DESTINATIONS if route.get(key)), "nowhere")
    target = next((route[key] for key in TARGETS if route.get(key)), "nothing")
    return f"{where} to {target}"


def _whole(networks: Iterable[str | None]) -> bool:
    """Say whether networks cover a whole family together: two halves are a default route, too."""
    parsed = [ipaddress.ip_network(text, strict=False) for text in networks if text]
    return any(n.prefixlen == 0 for n in ipaddress.collapse_addresses(parsed))  # type: ignore[type-var]


TABLE = ResourceTable(
    title="EC2 route tables",
    description="Where subnets send their traffic.",
    columns=(
        text("route_table_id", "Id of the route table."),
        text("vpc_id", "VPC that it belongs to."),
        text("owner_id", "Account that owns it."),
        boolean("is_main", "Whether it holds for subnets that have no other one."),
        strings("subnet_ids", "Subnets that it is associated with."),
        strings("edge_ids", "Gateways and address pools whose incoming traffic it routes."),
        strings("propagating_gateway_ids", "Virtual private gateways that add routes."),
        strings("routes", "Routes that were set, such as `0.0.0.0/0 to igw-1`."),
        strings("learnt_routes", "Routes that gateways have added.", volatile=True),
        strings("unusable_routes", "Routes whose target is not there.", volatile=True),
        boolean("internet_ipv4", "Whether all IPv4 traffic may leave by an internet gateway."),
        boolean("internet_ipv6", "Whether all IPv6 traffic may leave by an internet gateway."),
        strings("internet_gateway_ids", "Internet gateways that it routes to."),
        strings("peering_connection_ids", "VPC peerings that it routes to."),
        strings("transit_gateway_ids", "Transit gateways that it routes to."),
        strings("nat_gateway_ids", "NAT gateways that it routes to."),
        strings("forwarding_interface_ids", "Network interfaces that it routes to."),
    ),
    permissions=("ec2:DescribeRouteTables",),
    fetch=fetch,
    transform=transform,
)
