"""Subnetworks: their addresses, flow logs and private access to Google."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.names import gcp_common, instant, within
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
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each subnetwork of all regions."""
    yield from scope.aggregated("subnetworks", "subnetworks")


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one subnetwork."""
    return {
        **gcp_common(scope, raw),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "network": within(scope, raw.get("network")),
        "purpose": raw.get("purpose"),
        "role": raw.get("role"),
        "state": raw.get("state"),
        "ip_cidr_range": raw.get("ipCidrRange"),
        "secondary_ranges": sorted_set(
            f"{part.get('rangeName')}={part.get('ipCidrRange')}"
            for part in raw.get("secondaryIpRanges") or ()
        ),
        "gateway_address": raw.get("gatewayAddress"),
        "stack_type": raw.get("stackType"),
        "ipv6_access_type": raw.get("ipv6AccessType"),
        "ipv6_cidr_range": raw.get("ipv6CidrRange"),
        "external_ipv6_prefix": raw.get("externalIpv6Prefix"),
        "internal_ipv6_prefix": raw.get("internalIpv6Prefix"),
        "private_google_access": raw.get("privateIpGoogleAccess"),
        "private_ipv6_google_access": raw.get("privateIpv6GoogleAccess"),
        "routes_overlap_allowed": raw.get("allowSubnetCidrRoutesOverlap"),
        **_logs(raw),
    }


def _logs(raw: Raw) -> dict[str, Any]:
    config = raw.get("logConfig") or {}
    sampling = config.get("flowSampling")
    return {
        "flow_logs_enabled": config.get("enable", raw.get("enableFlowLogs")),
        "flow_logs_interval": config.get("aggregationInterval"),
        "flow_logs_sampling": None if sampling is None else str(sampling),
        "flow_logs_metadata": config.get("metadata"),
        "flow_logs_filter": config.get("filterExpr"),
    }


TABLE = ResourceTable(
    title="Subnetworks",
    description="Subnetworks of VPC networks with their flow logs.",
    columns=(
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        text("network", "VPC network that it is part of."),
        text("purpose", "PRIVATE for instances, or what it is reserved for."),
        text("role", "ACTIVE or BACKUP, of subnetworks for proxies."),
        text("state", "READY or DRAINING.", volatile=True),
        text("ip_cidr_range", "IPv4 addresses."),
        strings("secondary_ranges", "Secondary ranges, each with its name."),
        text("gateway_address", "Address of the gateway."),
        text("stack_type", "IPV4_ONLY, IPV4_IPV6 or IPV6_ONLY."),
        text("ipv6_access_type", "INTERNAL or EXTERNAL."),
        text("ipv6_cidr_range", "IPv6 addresses."),
        text("external_ipv6_prefix", "External IPv6 addresses."),
        text("internal_ipv6_prefix", "Internal IPv6 addresses."),
        boolean("private_google_access", "Whether Google services are reached without public IP."),
        text("private_ipv6_google_access", "The same for IPv6."),
        boolean("routes_overlap_allowed", "Whether more specific routes may overlap it."),
        boolean("flow_logs_enabled", "Whether flows are logged."),
        text("flow_logs_interval", "How long flows are gathered before they are logged."),
        text("flow_logs_sampling", "Share of the flows that is logged, from 0 to 1."),
        text("flow_logs_metadata", "Which metadata is logged."),
        text("flow_logs_filter", "Condition that flows must meet to be logged."),
    ),
    permissions=("compute.subnetworks.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
