"""Network interfaces of a machine: the union of them, since one is enough to be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.collect.gcp.names import within
from auditor.collect.table import boolean, integer, sorted_set, strings
from auditor.model import Scope

Interface = Mapping[str, Any]


def interface_columns(scope: Scope, nics: Sequence[Interface]) -> dict[str, Any]:
    """Return what the network interfaces of a machine, or of a template, come to."""
    return {
        "network_interface_count": len(nics),
        "networks": sorted_set(within(scope, nic.get("network")) for nic in nics),
        "subnetworks": sorted_set(within(scope, nic.get("subnetwork")) for nic in nics),
        "network_attachments": sorted_set(
            within(scope, nic.get("networkAttachment")) for nic in nics
        ),
        "private_ips": sorted_set(nic.get("networkIP") for nic in nics),
        "alias_ip_ranges": sorted_set(
            alias.get("ipCidrRange")
            for nic in nics
            for key in ("aliasIpRanges", "aliasIpv6Ranges")
            for alias in nic.get(key) or ()
        ),
        "stack_types": sorted_set(nic.get("stackType") for nic in nics),
        "nic_types": sorted_set(nic.get("nicType") for nic in nics),
        **_public(scope, nics),
    }


def _public(scope: Scope, nics: Sequence[Interface]) -> dict[str, Any]:
    configs = [config for nic in nics for config in nic.get("accessConfigs") or ()]
    configs6 = [config for nic in nics for config in nic.get("ipv6AccessConfigs") or ()]
    kinds = sorted_set(nic.get("ipv6AccessType") for nic in nics)
    return {
        # NOTE: a stopped instance keeps its access config and loses the address only.
        "has_public_ip": bool(configs),
        "public_ips": sorted_set(config.get("natIP") for config in configs),
        "access_config_count": len(configs),
        "network_tiers": sorted_set(c.get("networkTier") for c in [*configs, *configs6]),
        "has_public_ipv6": bool(configs6) or "EXTERNAL" in kinds,
        "ipv6_access_types": kinds,
        "ipv6_addresses": sorted_set(
            [c.get("externalIpv6") for c in configs6] + [nic.get("ipv6Address") for nic in nics]
        ),
        "security_policies": sorted_set(
            within(scope, config.get("securityPolicy")) for config in [*configs, *configs6]
        ),
    }


INTERFACE_COLUMNS = (
    integer("network_interface_count", "Number of network interfaces."),
    strings("networks", "VPC networks of all its interfaces."),
    strings("subnetworks", "Subnetworks of all its interfaces."),
    strings("network_attachments", "Network attachments: interfaces in networks of others."),
    strings("private_ips", "Primary internal IPv4 addresses."),
    strings("alias_ip_ranges", "Further address ranges that its interfaces answer for."),
    strings("stack_types", "IPV4_ONLY, IPV4_IPV6 or IPV6_ONLY."),
    strings("nic_types", "Kinds of virtual network cards."),
    boolean("has_public_ip", "Whether any interface has an external IPv4 access config."),
    strings("public_ips", "External IPv4 addresses; ephemeral ones change.", volatile=True),
    integer("access_config_count", "Number of external IPv4 access configs."),
    strings("network_tiers", "Network tiers of its external addresses."),
    boolean("has_public_ipv6", "Whether any interface has external IPv6."),
    strings("ipv6_access_types", "INTERNAL or EXTERNAL, of all its interfaces."),
    strings("ipv6_addresses", "Internal and external IPv6 addresses."),
    strings("security_policies", "Cloud Armor policies of its external addresses."),
)
