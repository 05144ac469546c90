"""Route tables: one row each, with their routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, props, refs
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each route table of the subscription."""
    yield from scope.pages("/providers/Microsoft.Network/routeTables", versions.NETWORK)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one route table."""
    found = props(raw)
    routes = [props(item) for item in found.get("routes") or ()]
    return {
        **arm_common(scope, raw, incarnation_id=found.get("resourceGuid")),
        "routes": sorted_set(map(_line, routes)),
        "internet_prefixes": sorted_set(
            route.get("addressPrefix")
            for route in routes
            if str(route.get("nextHopType")).lower() == "internet"
        ),
        "disable_bgp_route_propagation": found.get("disableBgpRoutePropagation"),
        "disable_peering_route": found.get("disablePeeringRoute"),
        "subnet_ids": refs(found.get("subnets")),
        "provisioning_state": found.get("provisioningState"),
    }


def _line(route: Item) -> str:
    hops = [
        route.get("nextHopIpAddress"),
        *((route.get("nextHop") or {}).get("nextHopIpAddresses") or ()),
    ]
    via = " ".join(sorted(hop for hop in hops if hop))
    return f"{route.get('addressPrefix')} to {route.get('nextHopType')} {via}".strip()


TABLE = ResourceTable(
    title="Route tables",
    description="Routes that subnets use instead of the system's own.",
    columns=(
        strings("routes", "Routes in one line each: destination, kind and address of the hop."),
        strings("internet_prefixes", "Destinations that leave straight to the Internet."),
        boolean("disable_bgp_route_propagation", "Whether routes of gateways are left out."),
        text("disable_peering_route", "Which routes of peerings are left out."),
        strings("subnet_ids", "Subnets that use it.", volatile=True),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Network/routeTables/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
