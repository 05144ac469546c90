"""Disks, snapshots, images and machine images; those of instances in the instances' order."""

from __future__ import annotations

from auditor.simcloud.gcp.machines import (
    GOLDEN_IMAGE,
    STOCK_IMAGE,
    STOCK_IMAGE_ID,
    STOCK_PROJECT,
    Machines,
)
from auditor.simcloud.gcp.seeding import EVERY_DATA, EVERY_LEGACY, EVERY_SNAPSHOT
from auditor.simcloud.gcp.wire import LINK, Resource, fingerprint

FEATURES = [{"type": "UEFI_COMPATIBLE"}, {"type": "VIRTIO_SCSI_MULTIQUEUE"}, {"type": "GVNIC"}]
LICENCE = f"{LINK}/projects/{STOCK_PROJECT}/global/licenses/debian-12-bookworm"
LICENCE_CODE = "2147286739765738111"
FIRST_SNAPSHOT = EVERY_LEGACY // 2
"""Instance of the first snapshot: the first that is not hardened."""


def data_disks(machines: Machines) -> int:
    """Return the number of data disks: one in so many instances has one."""
    return -(-machines.count // EVERY_DATA)


def disk_paths(machines: Machines) -> list[str]:
    """Return the paths of all disks: boot disks, then data disks."""
    boot = [machines.path(index, "disks") for index in range(machines.count)]
    return boot + [f"{boot[n * EVERY_DATA]}-data" for n in range(data_disks(machines))]


def snapshot_paths(machines: Machines) -> list[str]:
    """Return the paths of all snapshots: nightly ones of some boot disks."""
    count = -(-max(0, machines.count - FIRST_SNAPSHOT) // EVERY_SNAPSHOT)
    owners = (FIRST_SNAPSHOT + number * EVERY_SNAPSHOT for number in range(count))
    return [f"global/snapshots/nightly-{machines.name(owner)}" for owner in owners]


def disk(machines: Machines, index: int) -> Resource:
    """Make a disk: the boot disk of an instance, or its data disk."""
    data = index - machines.count
    owner = index if data < 0 else data * EVERY_DATA
    zone = machines.zone(owner)
    path = machines.path(owner, "disks") + ("" if data < 0 else "-data")
    created = machines.time("launch", owner)
    made = {
        "kind": "compute#disk",
        "id": machines.id("disk", index),
        "creationTimestamp": created,
        "name": path.rpartition("/")[2],
        "sizeGb": str(size(machines, index)),
        "zone": machines.link(f"zones/{zone}"),
        "status": "READY",
        "selfLink": machines.link(path),
        "type": machines.link(f"zones/{zone}/diskTypes/pd-balanced"),
        "lastAttachTimestamp": created,
        "users": [machines.link(machines.path(owner))],
        "labels": (labels := machines.labels(machines.slot(owner))),
        "labelFingerprint": fingerprint(labels),
        "physicalBlockSizeBytes": "4096",
        "enableConfidentialCompute": False,
    }
    if data < 0:
        image, image_id = machines.image(owner)
        made |= _software() | {"sourceImage": image, "sourceImageId": image_id}
    return made | key(machines, owner)


def key(machines: Machines, owner: int) -> Resource:
    """Return how the disks of an instance are encrypted: those of databases with an own key."""
    if machines.role(machines.slot(owner)).service != "db":
        return {}
    ring = f"projects/{machines.project}/locations/global/keyRings/disks"
    return {"diskEncryptionKey": {"kmsKeyName": f"{ring}/cryptoKeys/db/cryptoKeyVersions/1"}}


def attached(machines: Machines, index: int) -> list[Resource]:
    """Return the disks of an instance as it shows them."""
    source = machines.link(machines.path(index, "disks"))
    disks = [attachment(source, 0, size(machines, index)) | key(machines, index)]
    disks[0] |= {"licenses": [LICENCE], "guestOsFeatures": list(FEATURES)}
    if index % EVERY_DATA == 0:
        number = machines.count + index // EVERY_DATA
        data = attachment(f"{source}-data", 1, size(machines, number))
        disks.append(data | key(machines, index))
    return disks


def attachment(source: str, position: int, gigabytes: int) -> Resource:
    """Make an attached disk; the first one of an instance is its boot disk."""
    return {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": "READ_WRITE",
        "source": source,
        "deviceName": f"persistent-disk-{position}",
        "index": position,
        "boot": position == 0,
        "autoDelete": position == 0,
        "interface": "SCSI",
        "diskSizeGb": str(gigabytes),
        "architecture": "X86_64",
    }


def snapshot(machines: Machines, index: int) -> Resource:
    """Make a snapshot of the boot disk of an instance."""
    owner = FIRST_SNAPSHOT + index * EVERY_SNAPSHOT
    name = f"nightly-{machines.name(owner)}"
    made = {
        "kind": "compute#snapshot",
        "id": machines.id("snapshot", index),
        # NOTE: after all launches, so that no snapshot is older than its disk
        "creationTimestamp": machines.time("snapshot", index, first=400, days=40),
        "name": name,
        "description": "nightly backup",
        "status": "READY",
        "sourceDisk": machines.link(machines.path(owner, "disks")),
        "sourceDiskId": machines.id("disk", owner),
        "diskSizeGb": str(size(machines, owner)),
        "storageBytes": str(739_624_000 + index),
        "storageBytesStatus": "UP_TO_DATE",
        "selfLink": machines.link(f"global/snapshots/{name}"),
        "labels": (labels := {"backup": "nightly"}),
        "labelFingerprint": fingerprint(labels),
        "storageLocations": ["us"],
        "snapshotType": "STANDARD",
    }
    if "diskEncryptionKey" in (own := key(machines, owner)):
        made["snapshotEncryptionKey"] = own["diskEncryptionKey"]
    return made | _software()


def golden(machines: Machines) -> Resource:
    """Make the image that most instances start from."""
    made = _image(machines.project, GOLDEN_IMAGE, machines.id("image", 0))
    made["creationTimestamp"] = machines.time("image", 0, first=-60, days=60)
    return made | {
        "family": "golden-base",
        "sourceImage": f"{LINK}/projects/{STOCK_PROJECT}/global/images/{STOCK_IMAGE}",
        "sourceImageId": STOCK_IMAGE_ID,
    }


def stock() -> Resource:
    """Make the public image."""
    return _image(STOCK_PROJECT, STOCK_IMAGE, STOCK_IMAGE_ID) | {"family": "debian-12"}


def size(machines: Machines, index: int) -> int:
    """Return the size of a disk in GiB; never less than that of the images."""
    return (20, 50, 100)[machines.number("size", index) % 3]


def _image(project: str, name: str, id_: str) -> Resource:
    return {
        "kind": "compute#image",
        "id": id_,
        "creationTimestamp": "2024-11-05T14:13:42.101-07:00",
        "name": name,
        "description": "hardened base image",
        "sourceType": "RAW",
        "status": "READY",
        "archiveSizeBytes": "682293632",
        "diskSizeGb": "10",
        "selfLink": f"{LINK}/projects/{project}/global/images/{name}",
        "labelFingerprint": fingerprint({}),
        "storageLocations": ["us"],
        **_software(),
    }


def _software() -> Resource:
    return {
        "licenses": [LICENCE],
        "licenseCodes": [LICENCE_CODE],
        "guestOsFeatures": list(FEATURES),
        "architecture": "X86_64",
    }
