"""VPC networks: who they are joined with, and which firewall decides first in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.names import gcp_common, instant, references, within
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

_EXCHANGES = (
    "autoCreateRoutes",
    "exchangeSubnetRoutes",
    "exportCustomRoutes",
    "exportSubnetRoutesWithPublicIp",
    "importCustomRoutes",
    "importSubnetRoutesWithPublicIp",
)
"""What a peering may exchange."""


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each network of the project."""
    yield from scope.pages("global/networks")


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one network."""
    peerings = raw.get("peerings") or ()
    return {
        **gcp_common(scope, raw),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "is_default": raw.get("name") == "default",
        "auto_create_subnetworks": raw.get("autoCreateSubnetworks"),
        "is_legacy": bool(raw.get("IPv4Range")),
        "ipv4_range": raw.get("IPv4Range"),
        "internal_ipv6": raw.get("enableUlaInternalIpv6"),
        "internal_ipv6_range": raw.get("internalIpv6Range"),
        "mtu": raw.get("mtu"),
        "network_profile": raw.get("networkProfile"),
        "firewall_order": raw.get("networkFirewallPolicyEnforcementOrder"),
        "firewall_policy": within(scope, raw.get("firewallPolicy")),
        "subnetwork_ids": references(raw.get("subnetworks")),
        "peer_networks": sorted_set(within(scope, peer.get("network")) for peer in peerings),
        "peerings": sorted_set(_peering(scope, peer) for peer in peerings),
        "peering_states": sorted_set(f"{p.get('name')} {p.get('state')}" for p in peerings),
        **_routing(raw.get("routingConfig") or {}),
    }


def _peering(scope: Scope, peer: Mapping[str, Any]) -> str:
    """Return a peering in one line: its name, the network and what it exchanges."""
    exchanged = [key for key in _EXCHANGES if peer.get(key)]
    parts = [str(peer.get("name")), str(within(scope, peer.get("network")))]
    parts += [str(peer["stackType"])] if peer.get("stackType") else []
    return " ".join([*parts, ",".join(exchanged)]).strip()


def _routing(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "routing_mode": raw.get("routingMode"),
        "bgp_best_path_mode": raw.get("bgpBestPathSelectionMode"),
    }


TABLE = ResourceTable(
    title="VPC networks",
    description="VPC networks with their peerings and the order of their firewalls.",
    columns=(
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        boolean("is_default", "Whether it has the name of the default network."),
        boolean("auto_create_subnetworks", "Whether it has a subnetwork in each region by itself."),
        boolean("is_legacy", "Whether it is a legacy network without subnetworks."),
        text("ipv4_range", "Addresses of a legacy network."),
        boolean("internal_ipv6", "Whether it has internal IPv6."),
        text("internal_ipv6_range", "Internal IPv6 addresses."),
        integer("mtu", "Largest packet in bytes."),
        text("network_profile", "Profile that limits what it can do."),
        text("firewall_order", "Whether policies decide BEFORE or AFTER its own rules."),
        text("firewall_policy", "Firewall policy that applies to it, where it names one."),
        strings("subnetwork_ids", "Its subnetworks."),
        strings("peer_networks", "Networks that it is peered with."),
        strings("peerings", "Peerings, each with its network and what it exchanges."),
        strings("peering_states", "State of each peering.", volatile=True),
        text("routing_mode", "GLOBAL: learned routes hold in all regions; or REGIONAL."),
        text("bgp_best_path_mode", "How the best of several learned routes is chosen."),
    ),
    permissions=("compute.networks.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
