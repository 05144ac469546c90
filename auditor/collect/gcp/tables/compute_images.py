"""Compute Engine images of the project: what new instances boot from."""

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
    """Yield each image of the project itself; public ones belong to others."""
    for raw in scope.pages("global/images"):
        yield without_keys(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one image."""
    raw = without_keys(raw)
    return {
        **gcp_common(scope, raw),
        "status": raw.get("status"),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "family": raw.get("family"),
        "deprecation_state": (raw.get("deprecated") or {}).get("state"),
        "source_disk": within(scope, raw.get("sourceDisk")),
        "source_disk_number": raw.get("sourceDiskId"),
        "source_image": within(scope, raw.get("sourceImage")),
        "source_image_number": raw.get("sourceImageId"),
        "source_snapshot": within(scope, raw.get("sourceSnapshot")),
        "source_snapshot_number": raw.get("sourceSnapshotId"),
        "raw_disk_source": (raw.get("rawDisk") or {}).get("source"),
        "disk_size_gb": number(raw.get("diskSizeGb")),
        "architecture": raw.get("architecture"),
        "confidential_compute": raw.get("enableConfidentialCompute"),
        "encryption_key": key_of(raw.get("imageEncryptionKey")),
        "guest_os_features": sorted_set(
            feature.get("type") for feature in raw.get("guestOsFeatures") or ()
        ),
        "has_boot_keys": bool(raw.get("shieldedInstanceInitialState")),
        "storage_locations": sorted_set(raw.get("storageLocations") or ()),
        "licenses": references(raw.get("licenses")),
    }


TABLE = ResourceTable(
    title="Compute Engine images",
    description="Images of the project, with what each was made from.",
    columns=(
        text("status", "PENDING, READY, DELETING or FAILED.", volatile=True),
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        text("family", "Image family: the newest image of it is used by default."),
        text("deprecation_state", "ACTIVE, DEPRECATED, OBSOLETE or DELETED."),
        text("source_disk", "Disk that it was made from."),
        text("source_disk_number", "Numeric id of that disk."),
        text("source_image", "Image that it was made from."),
        text("source_image_number", "Numeric id of that image."),
        text("source_snapshot", "Snapshot that it was made from."),
        text("source_snapshot_number", "Numeric id of that snapshot."),
        text("raw_disk_source", "Object in Cloud Storage that it was imported from."),
        integer("disk_size_gb", "Size of the disk in GiB."),
        text("architecture", "CPU architecture of what is on it."),
        boolean("confidential_compute", "Whether it was made from a confidential disk."),
        text("encryption_key", "Customer's key that encrypts it, by name or hash."),
        strings("guest_os_features", "What the guest supports, such as UEFI_COMPATIBLE."),
        boolean("has_boot_keys", "Whether it brings its own Secure Boot keys."),
        strings("storage_locations", "Regions or multi-regions that hold it."),
        strings("licenses", "Licences: the operating system as billed."),
    ),
    permissions=("compute.images.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
