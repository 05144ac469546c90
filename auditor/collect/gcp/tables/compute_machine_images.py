"""Compute Engine machine images: whole instances, disks and settings together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.encryption import key_of, without_keys
from auditor.collect.gcp.machine import MACHINE_COLUMNS, machine_columns, without_secrets
from auditor.collect.gcp.names import gcp_common, instant, number, within
from auditor.collect.table import (
    Raw,
    ResourceTable,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

_MACHINES = ("instanceProperties", "sourceInstanceProperties")


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each machine image, without the secrets of the instance in it."""
    for raw in scope.pages("global/machineImages"):
        yield _clean(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one machine image."""
    raw = _clean(raw)
    properties = raw.get("instanceProperties") or raw.get("sourceInstanceProperties") or {}
    return {
        **gcp_common(scope, raw),
        **machine_columns(scope, properties),
        "status": raw.get("status"),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "source_instance": within(scope, raw.get("sourceInstance")),
        "saved_disk_ids": sorted_set(
            within(scope, disk.get("sourceDisk")) for disk in raw.get("savedDisks") or ()
        ),
        "storage_bytes": number(raw.get("totalStorageBytes")),
        "storage_locations": sorted_set(raw.get("storageLocations") or ()),
        "encryption_key": key_of(raw.get("machineImageEncryptionKey")),
    }


def _clean(raw: Raw) -> dict[str, Any]:
    return without_keys(
        {
            key: without_secrets(value) if key in _MACHINES and value else value
            for key, value in raw.items()
        }
    )


TABLE = ResourceTable(
    title="Compute Engine machine images",
    description="Machine images: instances as they were, with disks and settings.",
    columns=(
        text("status", "CREATING, UPLOADING, READY, DELETING or INVALID.", volatile=True),
        timestamp("creation_time", "When it was created."),
        text("source_instance", "Instance that it is a copy of."),
        strings("saved_disk_ids", "Disks that are copied in it."),
        integer("storage_bytes", "Bytes stored.", volatile=True),
        strings("storage_locations", "Regions or multi-regions that hold it."),
        text("encryption_key", "Customer's key that encrypts it, by name or hash."),
        *MACHINE_COLUMNS,
    ),
    permissions=("compute.machineImages.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
