"""Firewall policies in effect on each network, as Google itself puts them together.

This shows the policies of the organisation to those, too, who may not read them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.firewall import policy_rule
from auditor.collect.gcp.names import full_name
from auditor.collect.gcp.policies import (
    effective_policy_id,
    policy_in_effect,
    policy_kind,
    policy_label,
)
from auditor.collect.table import Raw, ResourceTable, common, integer, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each policy in effect on each network, with the network."""
    yield from scope.effective_policies()


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one policy in effect on one network."""
    network, kind, label = full_name(raw["network"]), policy_kind(raw), policy_label(raw)
    rules = [policy_rule(rule) for rule in raw.get("rules") or ()]
    return {
        **common(
            scope,
            policy_in_effect(raw),
            name=label,
            region="global",
            raw=raw,
        ),
        "network": network,
        "policy_type": kind,
        "policy_name": raw.get("name"),
        "policy_id": effective_policy_id(raw),
        "position": raw.get("position"),
        "priority": raw.get("priority"),
        "rule_count": len(rules),
        "rules": sorted(
            f"{rule['priority']}{' (disabled)' if rule['disabled'] else ''} {rule['rule']}"
            for rule in rules
        ),
    }


TABLE = ResourceTable(
    title="Effective firewall policies",
    description="Firewall policies in effect on each network, those of the organisation included.",
    columns=(
        text("network", "VPC network."),
        text("policy_type", "HIERARCHY, NETWORK, SYSTEM and so on: the stage that it decides in."),
        text("policy_name", "Name of the policy; a number for a hierarchical one."),
        text("policy_id", "Full resource name of the policy; its own id for one of the system."),
        integer("position", "Place among all policies of the network, as the API lists them."),
        integer("priority", "Place among the policies of its stage."),
        integer("rule_count", "Number of its rules."),
        strings("rules", "Its rules, each in one line that begins with its priority."),
    ),
    permissions=("compute.networks.list", "compute.networks.getEffectiveFirewalls"),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="network",
)
