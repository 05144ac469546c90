"""One network security group with as many rules as Azure lets it have, sealed four times.

An ordered policy is the hard case: each rule decides only what those before it left over.
"""

from __future__ import annotations

from auditor.baseline.versions import Content
from auditor.config import StoreConfig
from auditor.model import Coverage, Scope, Status
from auditor.store.database import writing
from benchmarks.firewalls import ALWAYS, NOW, fill_store

RULES, PREFIXES = 1_000, 4
CHANGES = {2: "a rule added", 3: "every tenth rule widened", 4: "every rule widened"}
"""What differs from snapshot 1, by snapshot."""

_SCOPE = Scope("azure", "00000000-0000-0000-0000-000000000001", "global")
_GROUP = (
    f"/subscriptions/{_SCOPE.account_id}/resourceGroups/rg/providers/Microsoft.Network/"
    "networkSecurityGroups/long"
)
_RULE = f"""
SELECT
    '{_SCOPE.account_id}' AS account_id, 'westeurope' AS region, '{_GROUP}' AS group_id,
    'rule-' || n AS name, '{_GROUP}/securityRules/rule-' || n || '-' || size AS resource_id,
    n + 100 AS priority, 'inbound' AS direction,
    CASE WHEN n % 5 = 0 THEN 'deny' ELSE 'allow' END AS access, 'tcp' AS protocol,
    ['*'] AS source_port_ranges, [(1000 + n % 50)::VARCHAR] AS destination_port_ranges,
    [concat_ws('.', 10 + (n * 7 + p * 61) % 90, (n * 13 + p) % 250, n % 16 * 16, '0/') || size
        FOR p IN range({PREFIXES})] AS source_prefixes,
    ['*'] AS destination_prefixes,
    []::VARCHAR[] AS source_asg_ids, []::VARCHAR[] AS destination_asg_ids,
    CASE WHEN n = {RULES} THEN 2 WHEN size = 24 THEN 1 ELSE since END AS valid_from,
    CASE WHEN n = {RULES} OR size = 20 THEN 2147483647 ELSE since END AS valid_to
FROM (SELECT range AS n, CASE WHEN n % 10 = 3 THEN 3 ELSE 4 END AS since FROM range({RULES} + 1))
CROSS JOIN (VALUES (24), (20)) AS v (size)
WHERE n < {RULES} OR size = 20
"""
_ROWS = {
    "azure_network_security_groups": f"SELECT '{_SCOPE.account_id}' AS account_id, "
    f"'westeurope' AS region, '{_GROUP}' AS resource_id, 'long' AS name, {ALWAYS}",
    "azure_network_security_group_rules": _RULE,
}


def create_group(config: StoreConfig) -> None:
    """Create a store whose snapshots differ from the first as `CHANGES` says."""
    with writing(config, now=NOW) as con:
        fill_store(con, _ROWS)


def compared_scopes() -> tuple[list[Coverage], Content]:
    """Return coverage that is complete, and a baseline that approves snapshot 1."""
    keys = [(table, _SCOPE) for table in _ROWS]
    coverage = [Coverage(*key, Status.COMPLETE) for key in keys]
    return coverage, Content(dict.fromkeys(keys, (1, "")))
