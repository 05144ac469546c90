"""Volumes and snapshots, made from their index: those of instances first, in the same order."""

from __future__ import annotations

from auditor.simcloud.aws.machines import ARCHITECTURES, DATA, IMAGE_SIZE, ROOT, Machines
from auditor.simcloud.aws.seeding import EVERY_SNAPSHOT
from auditor.simcloud.aws.wire import Resource

FIRST_SNAPSHOT = 4
"""Instance of the second snapshot of a volume; the first is of `Machines.first_legacy`."""


def volume_count(machines: Machines) -> int:
    """Return the number of volumes: root, data, and a few that are attached to nothing."""
    loose = machines.count // 50 + 1 if machines.count else 0
    return machines.count + len(machines.data_hosts) + loose


def snapshot_count(machines: Machines) -> int:
    """Return the number of own snapshots: one under each image, and some of volumes."""
    nightly = -(-max(0, machines.count - FIRST_SNAPSHOT) // EVERY_SNAPSHOT)
    return len(ARCHITECTURES) + nightly + min(1, nightly)


def volume(machines: Machines, index: int) -> Resource:
    """Make a volume: the root of an instance, its data volume, or a loose one."""
    data = index - machines.count
    loose = data >= len(machines.data_hosts)
    instance = index if data < 0 else 0 if loose else machines.data_hosts[data]
    place = machines.place(instance)
    attachment = {
        "volumeId": machines.id("vol", index),
        "instanceId": machines.id("i", instance),
        "device": ROOT if data < 0 else DATA,
        "status": "attached",
        "attachTime": machines.launched(instance),
        "deleteOnTermination": data < 0,
    }
    origin = machines.image_snapshot(machines.image(instance)) if data < 0 else ""
    return {
        "volumeId": machines.id("vol", index),
        "size": _size(machines, index),
        "snapshotId": origin,
        "availabilityZone": machines.zone(place.subnet),
        "availabilityZoneId": machines.zone_id(place.subnet),
        "status": "available" if loose else "in-use",
        "createTime": machines.launched(instance),
        "attachmentSet": [] if loose else [attachment],
        "tagSet": [{"key": "Environment", "value": place.role.environment}],
        "volumeType": "gp3",
        "iops": 3000,
        "throughput": 125,
        **machines.encryption(encrypted=machines.encrypted(instance)),
        "multiAttachEnabled": False,
        "operator": {"managed": False},
    }


def snapshot(machines: Machines, index: int) -> Resource:
    """Make an own snapshot: under an image, or of the root volume of an instance."""
    number = index - len(ARCHITECTURES)
    instance = FIRST_SNAPSHOT + (number - 1) * EVERY_SNAPSHOT
    if number <= 0:
        instance = machines.first_legacy
    source = "vol-ffffffff" if number < 0 else machines.id("vol", instance)
    text = "Created by CreateImage" if number < 0 else "nightly backup"
    # NOTE: after all launches, so that no snapshot is older than its volume
    taken = machines.time("snapshot", index, first=400, days=40)
    name = "golden-image" if number < 0 else f"backup-{number:05d}"
    return {
        "snapshotId": machines.id("snap", index),
        "volumeId": source,
        "status": "completed",
        "startTime": taken,
        "completionTime": taken,
        "progress": "100%",
        "ownerId": machines.account,
        "volumeSize": IMAGE_SIZE if number < 0 else _size(machines, instance),
        "description": text,
        "tagSet": [{"key": "Name", "value": name}],
        **machines.encryption(encrypted=number >= 0 and machines.encrypted(instance)),
        "storageTier": "standard",
        "transferType": "standard",
    }


def _size(machines: Machines, index: int) -> int:
    return (IMAGE_SIZE, 50, 100)[machines.number("size", index) % 3]
