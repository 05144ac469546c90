"""Managed disks: one row each, with encryption, origin, export and what they are attached to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, props
from auditor.collect.azure.machine import document_of
from auditor.collect.azure.storage import ORIGIN_COLUMNS, PROTECTION_COLUMNS, origin, protection
from auditor.collect.table import Raw, ResourceTable, integer, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each managed disk of the subscription."""
    yield from scope.pages("/providers/Microsoft.Compute/disks", versions.DISKS)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one disk; the first machine by id is the one that owns it."""
    found, sku = props(raw), raw.get("sku") or {}
    machines = sorted_set(
        map(arm_id, (raw.get("managedBy"), *(raw.get("managedByExtended") or ())))
    )
    document = document_of(raw, "creationData")
    return {
        **arm_common(scope, raw, incarnation_id=found.get("uniqueId"), document=document),
        "unique_id": found.get("uniqueId"),
        "machine_id": machines[0] if machines else None,
        "machine_ids": machines,
        "size_gb": found.get("diskSizeGB"),
        "sku_name": sku.get("name"),
        "tier": found.get("tier"),
        "max_shares": found.get("maxShares"),
        "zones": sorted_set(raw.get("zones") or ()),
        **origin(found),
        **protection(found),
    }


TABLE = ResourceTable(
    title="Managed disks",
    description="Disks: what each is made from, which machine mounts it and who may export it.",
    columns=(
        text("unique_id", "Id that is new when the disk is created again under the same name."),
        text("machine_id", "resource_id of the machine that it is attached to."),
        strings("machine_ids", "resource_ids of all machines that it is attached to."),
        integer("size_gb", "Size in GiB."),
        text("sku_name", "Standard_LRS, Premium_LRS and so on."),
        text("tier", "Performance tier."),
        integer("max_shares", "How many machines may mount it at once; nothing is one."),
        strings("zones", "Availability zones."),
        *ORIGIN_COLUMNS,
        *PROTECTION_COLUMNS,
    ),
    permissions=("Microsoft.Compute/disks/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="machine_id",
)
