"""IAM bindings of single snapshots: access that the policy of the project does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.iam import COLUMNS, policies, transform
from auditor.collect.table import Raw, ResourceTable

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield the policy of each snapshot: a call per snapshot."""
    yield from policies(scope, lambda scope: scope.pages("global/snapshots"))


TABLE = ResourceTable(
    title="IAM bindings of snapshots",
    description="Who has which role on a single snapshot; see gcp.iam.",
    columns=COLUMNS,
    permissions=("compute.snapshots.list", "compute.snapshots.getIamPolicy"),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="target_id",
    switch="iam",
)
