"""IAM bindings of single images: access that the policy of the project does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.iam import COLUMNS, policies, transform
from auditor.collect.table import Raw, ResourceTable

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield the policy of each image: a call per image."""
    yield from policies(scope, lambda scope: scope.pages("global/images"))


TABLE = ResourceTable(
    title="IAM bindings of images",
    description="Who has which role on a single image; see gcp.iam.",
    columns=COLUMNS,
    permissions=("compute.images.list", "compute.images.getIamPolicy"),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="target_id",
    switch="iam",
)
