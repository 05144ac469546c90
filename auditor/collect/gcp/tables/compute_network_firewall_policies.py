"""Network firewall policies, global and regional, with the networks that they apply to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.collect.gcp.names import gcp_common
from auditor.collect.gcp.policies import (
    NETWORK_PERMISSIONS,
    POLICY_COLUMNS,
    network_policies,
    policy_columns,
)
from auditor.collect.table import Raw, ResourceTable
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each network firewall policy of the project."""
    yield from network_policies(scope)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one policy; its rules are rows of their own."""
    return {**gcp_common(scope, raw), **policy_columns(scope, raw)}


TABLE = ResourceTable(
    title="Network firewall policies",
    description="Firewall policies of the project and the networks that they apply to.",
    columns=POLICY_COLUMNS,
    permissions=NETWORK_PERMISSIONS,
    fetch=fetch,
    transform=transform,
    regional=False,
)
