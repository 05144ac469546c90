"""Firewall rules of VPC networks: one row per rule, as the API numbers them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.firewall import ANYWHERE, sentence, services
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

_LOWEST = 1000
"""Priority of a rule that names none."""


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each rule of all networks of the project."""
    yield from scope.pages("global/firewalls")


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one rule."""
    direction = raw.get("direction") or "INGRESS"
    allowed, denied = services(raw.get("allowed")), services(raw.get("denied"))
    action = "allow" if allowed else "deny" if denied else None
    peers = _peers(raw, direction)
    tags, accounts = raw.get("targetTags") or (), raw.get("targetServiceAccounts") or ()
    targets = sorted({*(f"tag:{t}" for t in tags), *(f"account:{a}" for a in accounts)})
    sides = ("source_ranges", "destination_ranges")
    far, near = (peers[side] for side in (sides if direction == "INGRESS" else sides[::-1]))
    named = [f"tag:{t}" for t in peers["source_tags"]]
    named += [f"account:{a}" for a in peers["source_service_accounts"]]
    return {
        **gcp_common(scope, raw),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "network": within(scope, raw.get("network")),
        "direction": direction,
        "priority": raw.get("priority", _LOWEST),
        "action": action,
        "disabled": raw.get("disabled", False),
        "services": allowed or denied,
        **peers,
        "target_tags": sorted_set(tags),
        "target_service_accounts": sorted_set(accounts),
        "log_enabled": (raw.get("logConfig") or {}).get("enable"),
        "log_metadata": (raw.get("logConfig") or {}).get("metadata"),
        "rule": sentence(direction, action, allowed or denied, [*far, *named], [*near, *targets]),
    }


def _peers(raw: Raw, direction: str) -> dict[str, Any]:
    """Return both sides of a rule; one that names no peer means all of IPv4."""
    sources = sorted_set(raw.get("sourceRanges") or ())
    destinations = sorted_set(raw.get("destinationRanges") or ())
    tags = sorted_set(raw.get("sourceTags") or ())
    accounts = sorted_set(raw.get("sourceServiceAccounts") or ())
    if direction == "INGRESS" and not (sources or tags or accounts):
        sources = list(ANYWHERE)
    if direction == "EGRESS" and not destinations:
        destinations = list(ANYWHERE)
    return {
        "source_ranges": sources,
        "source_tags": tags,
        "source_service_accounts": accounts,
        "destination_ranges": destinations,
    }


TABLE = ResourceTable(
    title="VPC firewall rules",
    description="Firewall rules of VPC networks: direction, protocols, peers and targets.",
    columns=(
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        text("network", "VPC network that it belongs to."),
        text("direction", "INGRESS or EGRESS."),
        integer("priority", "Lower numbers decide first; of equal ones deny decides."),
        text("action", "allow or deny."),
        boolean("disabled", "Whether it is switched off."),
        strings("services", "Protocols and ports, such as tcp/22."),
        strings("source_ranges", "Sources as networks; any of them, or of the tags or accounts."),
        strings("source_tags", "Sources as network tags: their instances' internal addresses."),
        strings("source_service_accounts", "Sources as service accounts of instances."),
        strings("destination_ranges", "Destinations as networks."),
        strings("target_tags", "Network tags that it is limited to."),
        strings("target_service_accounts", "Service accounts that it is limited to."),
        boolean("log_enabled", "Whether connections are logged."),
        text("log_metadata", "Whether logs carry metadata."),
        text("rule", "The rule in one line, such as `ingress allow tcp/22 from 0.0.0.0/0`."),
    ),
    permissions=("compute.firewalls.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
