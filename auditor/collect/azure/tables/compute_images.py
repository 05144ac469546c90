"""Managed images: one row each, with the machine and the disks that they were taken from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, props, ref
from auditor.collect.azure.secrets import link
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each managed image of the subscription."""
    yield from scope.pages("/providers/Microsoft.Compute/images", versions.COMPUTE)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one image."""
    found = props(raw)
    profile = found.get("storageProfile") or {}
    system = profile.get("osDisk") or {}
    disks = [system, *(profile.get("dataDisks") or ())]
    return {
        **arm_common(scope, raw),
        "source_machine_id": ref(found.get("sourceVirtualMachine")),
        "hyper_v_generation": found.get("hyperVGeneration"),
        "zone_resilient": profile.get("zoneResilient"),
        "os_type": system.get("osType"),
        "os_state": system.get("osState"),
        "source_disk_ids": sorted_set(ref(disk.get("managedDisk")) for disk in disks),
        "source_snapshot_ids": sorted_set(ref(disk.get("snapshot")) for disk in disks),
        "source_blobs": sorted_set(link(disk.get("blobUri")) for disk in disks),
        "disk_encryption_set_ids": sorted_set(ref(disk.get("diskEncryptionSet")) for disk in disks),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Managed images",
    description="Images that machines of the subscription can be made from.",
    columns=(
        text("source_machine_id", "Machine that it was captured from."),
        text("hyper_v_generation", "V1 or V2."),
        boolean("zone_resilient", "Whether it is kept in several zones."),
        text("os_type", "Linux or Windows."),
        text("os_state", "Generalized or Specialized."),
        strings("source_disk_ids", "Disks that it was made from."),
        strings("source_snapshot_ids", "Disk snapshots that it was made from."),
        strings("source_blobs", "Blobs that it was made from."),
        strings("disk_encryption_set_ids", "Encryption sets of its disks."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Compute/images/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
