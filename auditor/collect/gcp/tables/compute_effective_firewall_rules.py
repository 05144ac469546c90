"""Rules of the policies that come from above: hierarchical ones, and those of the system.

They are read with the policies in effect on each network, so it takes no permission in the
organisation. A hierarchical policy is the same in all networks; its rules are listed once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.firewall import POLICY_RULE_COLUMNS, policy_rule
from auditor.collect.gcp.names import COMPUTE
from auditor.collect.gcp.policies import effective_policy_id, policy_kind, policy_label
from auditor.collect.table import Raw, ResourceTable, common, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

_OF_POLICY = ("network", "type", "name", "shortName", "displayName")
_OWN = ("NETWORK", "NETWORK_REGIONAL")
"""Kinds of policies that the project itself has; their rules are in another table."""


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each rule with the policy that it is part of."""
    seen: set[tuple[str, int]] = set()
    for raw in scope.effective_policies():
        if policy_kind(raw) in _OWN:
            continue
        policy = {key: raw[key] for key in _OF_POLICY if key in raw}
        owner = effective_policy_id(policy)
        for rule in raw.get("rules") or ():
            if (owner, rule["priority"]) not in seen:
                seen.add((owner, rule["priority"]))
                yield {**rule, "policy": policy}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one rule."""
    policy = raw["policy"]
    owner, label = effective_policy_id(policy), policy_label(policy)
    kept = f"{COMPUTE}projects/{scope.account_id}/effectiveFirewalls/"
    within = owner if "/effectiveFirewalls/" in owner else kept + owner.removeprefix(COMPUTE)
    return {
        **common(
            scope,
            f"{within}/rules/{raw['priority']}",
            name=raw.get("ruleName") or f"{label} {raw['priority']}",
            region="global",
            raw=raw,
        ),
        "policy_id": owner,
        "policy_name": label,
        "policy_type": policy_kind(policy),
        **policy_rule(raw),
    }


TABLE = ResourceTable(
    title="Effective firewall policy rules",
    description="Rules of hierarchical and system policies in effect on the project's networks.",
    columns=(
        text("policy_id", "Policy that it is part of."),
        text("policy_name", "Name of that policy."),
        text("policy_type", "HIERARCHY, SYSTEM_GLOBAL and so on."),
        *POLICY_RULE_COLUMNS,
    ),
    permissions=("compute.networks.list", "compute.networks.getEffectiveFirewalls"),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="policy_id",
)
