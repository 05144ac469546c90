"""Compute Engine disks: where each comes from, who uses it, and which key encrypts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.encryption import key_of, without_keys
from auditor.collect.gcp.names import (
    gcp_common,
    instant,
    number,
    reference,
    references,
    short,
    within,
    zone_of,
)
from auditor.collect.table import Raw, ResourceTable, boolean, integer, strings, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each disk of all zones and regions."""
    for raw in scope.aggregated("disks", "disks"):
        yield without_keys(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one disk."""
    raw = without_keys(raw)
    return {
        **gcp_common(scope, raw),
        "zone": zone_of(raw),
        "status": raw.get("status"),
        "creation_time": instant(raw.get("creationTimestamp")),
        "last_attach_time": instant(raw.get("lastAttachTimestamp")),
        "last_detach_time": instant(raw.get("lastDetachTimestamp")),
        "description": raw.get("description"),
        "disk_type": short(raw.get("type")),
        "size_gb": number(raw.get("sizeGb")),
        "provisioned_iops": number(raw.get("provisionedIops")),
        "provisioned_throughput": number(raw.get("provisionedThroughput")),
        "access_mode": raw.get("accessMode"),
        "architecture": raw.get("architecture"),
        "confidential_compute": raw.get("enableConfidentialCompute"),
        "encryption_key": key_of(raw.get("diskEncryptionKey")),
        "user_ids": references(raw.get("users")),
        "replica_zones": sorted(filter(None, map(short, raw.get("replicaZones") or ()))),
        "resource_policies": references(raw.get("resourcePolicies")),
        "licenses": references(raw.get("licenses")),
        "storage_pool": reference(raw.get("storagePool")),
        **_origin(raw, scope),
    }


def _origin(raw: Raw, scope: Scope) -> dict[str, Any]:
    primary = (raw.get("asyncPrimaryDisk") or {}).get("disk")
    return {
        "source_snapshot": within(scope, raw.get("sourceSnapshot")),
        "source_snapshot_number": raw.get("sourceSnapshotId"),
        "source_disk": within(scope, raw.get("sourceDisk")),
        "source_disk_number": raw.get("sourceDiskId"),
        "source_image": within(scope, raw.get("sourceImage")),
        "source_image_number": raw.get("sourceImageId"),
        "source_instant_snapshot": within(scope, raw.get("sourceInstantSnapshot")),
        "source_machine_image": within(scope, raw.get("sourceMachineImage")),
        "source_storage_object": raw.get("sourceStorageObject"),
        "replicated_from": within(scope, primary),
        "replicated_to": references(raw.get("asyncSecondaryDisks")),
    }


TABLE = ResourceTable(
    title="Compute Engine disks",
    description="Persistent disks, zonal and regional, with their lineage.",
    columns=(
        text("zone", "Zone that it is in; nothing for a regional one."),
        text("status", "CREATING, READY, RESTORING, FAILED and so on.", volatile=True),
        timestamp("creation_time", "When it was created."),
        timestamp("last_attach_time", "When it was last attached.", volatile=True),
        timestamp("last_detach_time", "When it was last detached.", volatile=True),
        text("description", "Text that people gave it."),
        text("disk_type", "Kind of storage, such as pd-balanced."),
        integer("size_gb", "Size in GiB."),
        integer("provisioned_iops", "Operations per second that it is given."),
        integer("provisioned_throughput", "Throughput that it is given, in MiB per second."),
        text("access_mode", "READ_WRITE_SINGLE, READ_WRITE_MANY or READ_ONLY_MANY."),
        text("architecture", "CPU architecture of what is on it."),
        boolean("confidential_compute", "Whether it is a confidential disk."),
        text("encryption_key", "Customer's key that encrypts it, by name or hash."),
        strings("user_ids", "Instances that it is attached to."),
        strings("replica_zones", "Zones of a regional disk."),
        strings("resource_policies", "Resource policies, such as snapshot schedules."),
        strings("licenses", "Licences: the operating system as billed."),
        text("storage_pool", "Storage pool that it is in."),
        text("source_snapshot", "Snapshot that it was made from."),
        text("source_snapshot_number", "Numeric id of that snapshot."),
        text("source_disk", "Disk that it was cloned from."),
        text("source_disk_number", "Numeric id of that disk."),
        text("source_image", "Image that it was made from."),
        text("source_image_number", "Numeric id of that image."),
        text("source_instant_snapshot", "Instant snapshot that it was made from."),
        text("source_machine_image", "Machine image that it was made from."),
        text("source_storage_object", "Object in Cloud Storage that it was imported from."),
        text("replicated_from", "Disk that it is replicated from."),
        strings("replicated_to", "Disks that it is replicated to."),
    ),
    permissions=("compute.disks.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
