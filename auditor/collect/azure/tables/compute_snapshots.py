"""Snapshots of managed disks: one row each, with origin, encryption and export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, props
from auditor.collect.azure.machine import document_of
from auditor.collect.azure.storage import ORIGIN_COLUMNS, PROTECTION_COLUMNS, origin, protection
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each disk snapshot of the subscription."""
    yield from scope.pages("/providers/Microsoft.Compute/snapshots", versions.DISKS)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one disk snapshot."""
    found = props(raw)
    immutability = found.get("immutabilityPolicy") or {}
    document = document_of(raw, "creationData")
    return {
        **arm_common(scope, raw, incarnation_id=found.get("uniqueId"), document=document),
        "unique_id": found.get("uniqueId"),
        "managed_by": arm_id(raw.get("managedBy")),
        "size_gb": found.get("diskSizeGB"),
        "sku_name": (raw.get("sku") or {}).get("name"),
        "incremental": found.get("incremental"),
        "incremental_family_id": found.get("incrementalSnapshotFamilyId"),
        "immutability_policy": immutability.get("type"),
        "access_state": found.get("snapshotAccessState"),
        **origin(found),
        **protection(found),
    }


TABLE = ResourceTable(
    title="Disk snapshots",
    description="Copies of disks: what each was copied from and who may export it.",
    columns=(
        text("unique_id", "Id that is new when it is created again under the same name."),
        text("managed_by", "Resource that manages it."),
        integer("size_gb", "Size in GiB."),
        text("sku_name", "Standard_LRS, Premium_LRS or Standard_ZRS."),
        boolean("incremental", "Whether it holds changes only."),
        text("incremental_family_id", "What the incremental snapshots of one disk share."),
        text("immutability_policy", "Kind of the policy that forbids to delete it, if any."),
        text("access_state", "Whether its content can be read yet.", volatile=True),
        *ORIGIN_COLUMNS,
        *PROTECTION_COLUMNS,
    ),
    permissions=("Microsoft.Compute/snapshots/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
