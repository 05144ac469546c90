"""Hierarchical firewall policies: those of the organisation and its folders.

They decide before any rule of a network does. Reading them needs the role at the organisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.collect.gcp.names import reference
from auditor.collect.gcp.policies import (
    HIERARCHICAL_PERMISSIONS,
    POLICY_COLUMNS,
    hierarchical_policies,
    not_here,
    policy_columns,
    policy_label,
    policy_name,
)
from auditor.collect.table import Raw, ResourceTable, common, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each policy of the configured organisation or folders."""
    if not scope.options.parents:
        raise not_here()
    yield from hierarchical_policies(scope)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one policy; its rules are rows of their own."""
    return {
        **common(
            scope,
            policy_name(raw),
            name=policy_label(raw),
            incarnation_id=str(raw["id"]) if raw.get("id") else None,
            region="global",
            raw=raw,
        ),
        **policy_columns(scope, raw),
        "parent": reference(raw.get("parent")),
    }


TABLE = ResourceTable(
    title="Hierarchical firewall policies",
    description="Firewall policies of the organisation and its folders.",
    columns=(
        text("parent", "Organisation or folder that holds it."),
        *POLICY_COLUMNS,
    ),
    permissions=HIERARCHICAL_PERMISSIONS,
    fetch=fetch,
    transform=transform,
    regional=False,
    switch="parents",
)
