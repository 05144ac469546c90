"""Compute Engine snapshots: copies of disks, from which an attacker reads them at leisure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.gcp.encryption import key_of, without_keys
from auditor.collect.gcp.names import gcp_common, instant, number, references, within
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each snapshot that is stored globally."""
    for raw in scope.pages("global/snapshots"):
        yield without_keys(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one snapshot."""
    raw = without_keys(raw)
    return {
        **gcp_common(scope, raw),
        "status": raw.get("status"),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "source_disk": within(scope, raw.get("sourceDisk")),
        "source_disk_number": raw.get("sourceDiskId"),
        "source_instant_snapshot": within(scope, raw.get("sourceInstantSnapshot")),
        "source_schedule": within(scope, raw.get("sourceSnapshotSchedulePolicy")),
        "auto_created": raw.get("autoCreated"),
        "snapshot_type": raw.get("snapshotType"),
        "disk_size_gb": number(raw.get("diskSizeGb")),
        "storage_bytes": number(raw.get("storageBytes")),
        "storage_locations": sorted_set(raw.get("storageLocations") or ()),
        "architecture": raw.get("architecture"),
        "confidential_compute": raw.get("enableConfidentialCompute"),
        "encryption_key": key_of(raw.get("snapshotEncryptionKey")),
        "source_encryption_key": key_of(raw.get("sourceDiskEncryptionKey")),
        "licenses": references(raw.get("licenses")),
    }


TABLE = ResourceTable(
    title="Compute Engine snapshots",
    description="Snapshots of disks, with what each was made from.",
    columns=(
        text("status", "CREATING, UPLOADING, READY, DELETING or FAILED.", volatile=True),
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        text("source_disk", "Disk that it is a copy of."),
        text("source_disk_number", "Numeric id of that disk."),
        text("source_instant_snapshot", "Instant snapshot that it was made from."),
        text("source_schedule", "Schedule that made it."),
        boolean("auto_created", "Whether a schedule made it."),
        text("snapshot_type", "STANDARD or ARCHIVE."),
        integer("disk_size_gb", "Size of the disk in GiB."),
        integer("storage_bytes", "Bytes stored; shared with its neighbours.", volatile=True),
        strings("storage_locations", "Regions or multi-regions that hold it."),
        text("architecture", "CPU architecture of what is on it."),
        boolean("confidential_compute", "Whether it was made from a confidential disk."),
        text("encryption_key", "Customer's key that encrypts it, by name or hash."),
        text("source_encryption_key", "Customer's key that encrypted the disk."),
        strings("licenses", "Licences: the operating system as billed."),
    ),
    permissions=("compute.snapshots.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
