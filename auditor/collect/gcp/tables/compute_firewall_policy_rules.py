"""Rules of firewall policies: one row per rule, which its priority identifies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.firewall import POLICY_RULE_COLUMNS, policy_rule
from auditor.collect.gcp.names import region_of
from auditor.collect.gcp.policies import (
    NETWORK_PERMISSIONS,
    hierarchical_policies,
    network_policies,
    policy_label,
    policy_name,
)
from auditor.collect.table import Raw, ResourceTable, common, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

_OF_POLICY = ("selfLink", "name", "shortName", "displayName", "region", "id")


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each rule with the policy that it is part of."""
    for read in (network_policies, hierarchical_policies):
        for raw in read(scope):
            policy = {key: raw[key] for key in _OF_POLICY if key in raw}
            for rule in raw.get("rules") or ():
                yield {**rule, "policy": policy}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one rule."""
    policy = raw["policy"]
    owner, label = policy_name(policy), policy_label(policy)
    return {
        **common(
            scope,
            f"{owner}/rules/{raw['priority']}",
            name=raw.get("ruleName") or f"{label} {raw['priority']}",
            region=region_of(policy),
            raw=raw,
        ),
        "policy_id": owner,
        "policy_name": label,
        **policy_rule(raw),
    }


TABLE = ResourceTable(
    title="Firewall policy rules",
    description="Rules of firewall policies, of the project and of the organisation.",
    columns=(
        text("policy_id", "Policy that it is part of."),
        text("policy_name", "Name of that policy."),
        *POLICY_RULE_COLUMNS,
    ),
    permissions=NETWORK_PERMISSIONS,
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="policy_id",
)
