"""Disks, snapshots, images and galleries, made from their index: those of machines first."""

from __future__ import annotations

from auditor.simcloud.azure.machines import EVERY_DATA, EVERY_SNAPSHOT, Machines
from auditor.simcloud.azure.wire import Resource

DISK, SNAPSHOT = "Microsoft.Compute/disks", "Microsoft.Compute/snapshots"
GALLERY = "Microsoft.Compute/galleries"
GIB = 1 << 30


def disk_ids(machines: Machines) -> list[str]:
    """Return the ids of all disks: OS disks, data disks, and a few that are attached to nothing."""
    ids = [machines.disk(index) for index in range(machines.count)]
    ids += [machines.disk(index, data=True) for index in range(0, machines.count, EVERY_DATA)]
    loose = machines.count // 50 + 1 if machines.count else 0
    return ids + [_loose(machines, number) for number in range(loose)]


def disk(machines: Machines, number: int) -> Resource:
    """Make the disk in a place of `disk_ids`."""
    data = number - machines.count
    loose = data - -(-machines.count // EVERY_DATA)
    if loose >= 0:
        return _disk(machines, number, _loose(machines, loose)) | {"managedBy": None}
    index = number if data < 0 else data * EVERY_DATA
    made = _disk(machines, index, machines.disk(index, data=data >= 0), data=data >= 0)
    place = machines.place(index)
    running = machines.is_running(index)
    made["properties"]["diskState"] = "Attached" if running else "Reserved"
    made["managedBy"] = machines.shouted(
        machines.resource_group(place), "Microsoft.Compute/virtualMachines", machines.name(index)
    )
    if data < 0:
        windows = machines.is_windows(index)
        made["properties"] |= {
            "osType": "Windows" if windows else "Linux",
            "hyperVGeneration": "V2",
            "creationData": {"createOption": "FromImage", "imageReference": _image(machines)},
            "diskSizeGB": 128 if windows else 30,
            "diskSizeBytes": (128 if windows else 30) * GIB,
        }
    return made


def member_disk(machines: Machines, vm: Resource, instance: int) -> Resource:
    """Make the OS disk of a member of a Uniform scale set."""
    shown = vm["properties"]["storageProfile"]["osDisk"]
    made = _disk(machines, instance, shown["managedDisk"]["id"])
    made["managedBy"] = vm["id"]
    made["properties"] |= {
        "osType": shown["osType"],
        "hyperVGeneration": "V2",
        "creationData": {"createOption": "FromImage", "imageReference": _image(machines)},
        "diskSizeGB": shown["diskSizeGB"],
        "diskSizeBytes": shown["diskSizeGB"] * GIB,
        "diskState": "Attached",
        "uniqueId": machines.guid(f"disk/{vm['name']}", instance),
    }
    return made


def snapshot_ids(machines: Machines) -> list[str]:
    """Return the ids of all snapshots: that of the own image, and some of OS disks."""
    nightly = range(len(range(EVERY_SNAPSHOT // 2, machines.count, EVERY_SNAPSHOT)))
    names = [f"nightly-{machines.location}-{number:05d}" for number in nightly]
    return [machines.image_snapshot, *(machines.shared(SNAPSHOT, name) for name in names)]


def snapshot(machines: Machines, number: int) -> Resource:
    """Make the snapshot in a place of `snapshot_ids`."""
    if number == 0:
        name = machines.image_snapshot.rpartition("/")[2]
        source = {"createOption": "Import", "sourceUri": "https://golden.blob.example.com/os.vhd"}
        return snapshot_of(machines, name, 30, source, machines.guid("snapshot", 0))
    index = EVERY_SNAPSHOT // 2 + (number - 1) * EVERY_SNAPSHOT
    source = {
        "createOption": "Copy",
        "sourceResourceId": machines.disk(index),
        "sourceUniqueId": machines.guid("disk", index),
    }
    name = f"nightly-{machines.location}-{number - 1:05d}"
    size = 128 if machines.is_windows(index) else 30
    return snapshot_of(machines, name, size, source, machines.guid("snapshot", number))


def snapshot_of(
    machines: Machines, name: str, size: int, source: Resource, unique_id: str
) -> Resource:
    """Make a snapshot from what it was created from."""
    number = int(unique_id[:8], 16)
    return {
        "name": name,
        "id": machines.shouted(machines.network_group, SNAPSHOT, name),
        "type": SNAPSHOT,
        "location": machines.location,
        "tags": {"purpose": "backup"},
        "sku": {"name": "Standard_ZRS", "tier": "Standard"},
        "properties": {
            "osType": "Linux",
            "hyperVGeneration": "V2",
            "creationData": source,
            "diskSizeGB": size,
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
            "incremental": True,
            "networkAccessPolicy": "DenyAll",
            "publicNetworkAccess": "Disabled",
            "timeCreated": machines.time("snapshot", number, first=400, days=40),
            "provisioningState": "Succeeded",
            "diskState": "Unattached",
            "diskSizeBytes": size * GIB,
            "uniqueId": unique_id,
        },
    }


def image(machines: Machines, _: int) -> Resource:
    """Make the own image."""
    name = machines.image.rpartition("/")[2]
    return {
        "name": name,
        "id": machines.shouted(machines.network_group, "Microsoft.Compute/images", name),
        "type": "Microsoft.Compute/images",
        "location": machines.location,
        "tags": {"hardened": "true"},
        "properties": {
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "osState": "Generalized",
                    "diskSizeGB": 30,
                    "snapshot": {"id": machines.image_snapshot},
                    "caching": "ReadWrite",
                    "storageAccountType": "Standard_LRS",
                },
                "dataDisks": [],
                "zoneResilient": True,
            },
            "provisioningState": "Succeeded",
            "hyperVGeneration": "V2",
        },
    }


def gallery(machines: Machines, _: int) -> Resource:
    """Make the image gallery; nobody outside the subscription may use it."""
    name = f"gallery{machines.location}"
    return {
        "name": name,
        "id": machines.shared(GALLERY, name),
        "type": GALLERY,
        "location": machines.location,
        "tags": {},
        "properties": {
            "description": "hardened base images",
            "identifier": {"uniqueName": f"{machines.subscription}-{name.upper()}"},
            "sharingProfile": {"permissions": "Private"},
            "provisioningState": "Succeeded",
        },
    }


def encryption_set(machines: Machines, _: int) -> Resource:
    """Make the disk encryption set."""
    name = machines.encryption_set.rpartition("/")[2]
    kind = "Microsoft.Compute/diskEncryptionSets"
    return {
        "name": name,
        "id": machines.shared(kind, name),
        "type": kind,
        "location": machines.location,
        "identity": {"type": "SystemAssigned", "principalId": machines.guid("des", 1)},
        "properties": {
            "encryptionType": "EncryptionAtRestWithCustomerKey",
            "activeKey": {"keyUrl": f"https://vault-{machines.location}.example.com/keys/disks/1"},
            "rotationToLatestKeyVersionEnabled": True,
            "provisioningState": "Succeeded",
        },
    }


def _disk(machines: Machines, index: int, id_: str, *, data: bool = False) -> Resource:
    legacy = machines.is_legacy(index)
    encryption: Resource = {"type": "EncryptionAtRestWithPlatformKey"}
    if index % 8 == 0:
        encryption = {
            "type": "EncryptionAtRestWithCustomerKey",
            "diskEncryptionSetId": machines.encryption_set,
        }
    before, group, rest = _split(id_)
    return {
        "name": id_.rpartition("/")[2],
        "id": before + group.upper() + rest,
        "type": DISK,
        "location": machines.location,
        "tags": {},
        "sku": {"name": "Premium_LRS", "tier": "Premium"},
        "properties": {
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": 128,
            "diskIOPSReadWrite": 500,
            "diskMBpsReadWrite": 100,
            "encryption": encryption,
            "networkAccessPolicy": "AllowAll" if legacy else "DenyAll",
            "publicNetworkAccess": "Enabled" if legacy else "Disabled",
            "dataAccessAuthMode": "None",
            "timeCreated": machines.time("disk", index),
            "provisioningState": "Succeeded",
            "diskState": "Unattached",
            "diskSizeBytes": 128 * GIB,
            "uniqueId": machines.guid("data-disk" if data else "disk", index),
            "tier": "P10",
        },
    }


def _image(machines: Machines) -> Resource:
    place = f"{machines.root}/Providers/Microsoft.Compute/Locations/{machines.location}"
    publisher = "Publishers/Canonical/ArtifactTypes/VMImage/Offers/0001-com-ubuntu-server-jammy"
    return {"id": f"{place}/{publisher}/Skus/22_04-lts-gen2/Versions/22.04.202512110"}


def _loose(machines: Machines, number: int) -> str:
    return machines.shared(DISK, f"disk-unused-{machines.location}-{number}")


def _split(id_: str) -> tuple[str, str, str]:
    """Split an id around the name of its resource group."""
    before, _, rest = id_.partition("/resourceGroups/")
    group, slash, tail = rest.partition("/")
    return f"{before}/resourceGroups/", group, slash + tail
