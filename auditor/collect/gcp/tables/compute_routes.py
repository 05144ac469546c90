"""Routes of VPC networks: where packets go, and through which instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.names import gcp_common, instant, within
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

_HOPS = {
    "nextHopGateway": "gateway",
    "nextHopHub": "hub",
    "nextHopIlb": "load balancer",
    "nextHopInstance": "instance",
    "nextHopInterconnectAttachment": "interconnect",
    "nextHopIp": "address",
    "nextHopNetwork": "network",
    "nextHopPeering": "peering",
    "nextHopVpnTunnel": "tunnel",
}
"""Fields that name the next hop, with the word for its kind; a route has one of them."""


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each route of all networks of the project."""
    yield from scope.pages("global/routes")


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one route."""
    kinds = sorted(word for key, word in _HOPS.items() if raw.get(key))
    hops = [within(scope, raw.get(key)) for key in _HOPS if raw.get(key)]
    gateway = raw.get("nextHopGateway") or ""
    return {
        **gcp_common(scope, raw),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "network": within(scope, raw.get("network")),
        "dest_range": raw.get("destRange"),
        "priority": raw.get("priority"),
        "network_tags": sorted_set(raw.get("tags") or ()),
        "next_hops": sorted_set(hops),
        "next_hop_kinds": kinds,
        "to_internet": gateway.endswith("/default-internet-gateway"),
        "next_hop_instance": within(scope, raw.get("nextHopInstance")),
        "next_hop_ilb": within(scope, raw.get("nextHopIlb")),
        "next_hop_ip": raw.get("nextHopIp"),
        "route_type": raw.get("routeType"),
        "route_status": raw.get("routeStatus"),
        "warnings": sorted_set(warning.get("code") for warning in raw.get("warnings") or ()),
    }


TABLE = ResourceTable(
    title="Routes",
    description="Routes of VPC networks, static and learned.",
    columns=(
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        text("network", "VPC network that it belongs to."),
        text("dest_range", "Addresses that it leads to."),
        integer("priority", "The lowest number of equally specific routes decides."),
        strings("network_tags", "Network tags of the instances that it holds for."),
        strings("next_hops", "Where packets are sent."),
        strings("next_hop_kinds", "What that is: gateway, instance, load balancer and so on."),
        boolean("to_internet", "Whether it leads to the Internet gateway."),
        text("next_hop_instance", "Instance that packets are sent to."),
        text("next_hop_ilb", "Load balancer that packets are sent to."),
        text("next_hop_ip", "Address that packets are sent to."),
        text("route_type", "STATIC, SUBNET, BGP or TRANSIT."),
        text("route_status", "ACTIVE, INACTIVE, DROPPED or PENDING.", volatile=True),
        strings("warnings", "What is wrong with it.", volatile=True),
    ),
    permissions=("compute.routes.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
