"""The steps that scenarios are made of; each leaves the project consistent and is in its log.

The caller holds the lock of the estate.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from typing import NamedTuple

from auditor.simcloud.collection import Collection
from auditor.simcloud.gcp import firewall, instances, storage
from auditor.simcloud.gcp.estate import Estate, Project
from auditor.simcloud.gcp.events import Actor, Journal
from auditor.simcloud.gcp.seeding import MASK, region_of, stamp
from auditor.simcloud.gcp.wire import Resource, fingerprint

BOOT = (
    "sourceImage",
    "sourceImageId",
    "sizeGb",
    "licenses",
    "licenseCodes",
    "guestOsFeatures",
    "architecture",
    "diskEncryptionKey",
)
"""What a boot disk has from the one that it is modelled on."""


class Model(NamedTuple):
    """What new instances are made like."""

    instance: Resource
    boot: Resource
    """The members of its boot disk that tell what is on it."""


@dataclass(slots=True)
class Site:
    """A project while something happens in it."""

    project: Project
    journal: Journal

    @property
    def now(self) -> str:
        """The moment, as Compute writes it."""
        return stamp(self.journal.moment)


def site(estate: Estate, project: str, actor: Actor, moment: str) -> Site:
    """Return the place where an actor is about to do something."""
    here = estate.projects[project]
    return Site(here, Journal(here, actor, datetime.fromisoformat(moment)))


def fresh(here: Site) -> str:
    """Return a numeric id that nothing has yet; the same one in the same situation."""
    here.project.created += 1
    x = (int(here.project.number) << 20) + here.project.created
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    return str(x ^ (x >> 31))


def unused(collection: Collection, prefix: str) -> str:
    """Return the first path with this prefix and a number that nothing has."""
    number = 1
    while f"{prefix}-{number}" in collection:
        number += 1
    return f"{prefix}-{number}"


def pick(here: Site, wanted: Callable[[Resource], bool], what: str, *, scaled: bool = False) -> str:
    """Return the path of the first running instance that fits, of a group or of its own."""
    for path in here.project.instances.ids():
        instance = here.project.instances.get(path)
        is_running = instance["status"] == "RUNNING"
        if is_running and is_scaled(instance) == scaled and wanted(instance):
            return path
    raise LookupError(f"no running instance {what} in {here.project.id}")


def is_scaled(instance: Resource) -> bool:
    """Tell whether a managed instance group runs an instance."""
    return any(item["key"] == "created-by" for item in instance["metadata"]["items"])


def zone_of(path: str) -> str:
    """Return the zone in a path."""
    return path.split("/", 2)[1]


def create_snapshot(here: Site, disk_path: str, path: str) -> str:
    """Take a snapshot of a disk."""
    disk, name = here.project.disks.get(disk_path), path.rpartition("/")[2]
    here.journal.write("disks.createSnapshot", disk_path, disk["id"], {"name": name})
    copied = ("licenses", "licenseCodes", "guestOsFeatures", "architecture")
    made = {
        "kind": "compute#snapshot",
        "id": fresh(here),
        "creationTimestamp": here.now,
        "name": name,
        "status": "READY",
        "sourceDisk": disk["selfLink"],
        "sourceDiskId": disk["id"],
        "diskSizeGb": disk["sizeGb"],
        "storageBytes": "739624000",
        "storageBytesStatus": "UP_TO_DATE",
        "selfLink": here.project.link(path),
        "labelFingerprint": fingerprint({}),
        "storageLocations": ["us"],
        "snapshotType": "STANDARD",
        **{key: disk[key] for key in copied if key in disk},
    }
    if "diskEncryptionKey" in disk:
        made["snapshotEncryptionKey"] = disk["diskEncryptionKey"]
    here.project.snapshots.add(path, made)
    return path


def create_disk(here: Site, path: str, source: Resource, *, logged: bool = True) -> str:
    """Create a disk that nothing uses; `source` has the sourceSnapshot or sourceImage members."""
    where = path.rsplit("/", 2)[0]
    made = {
        "kind": "compute#disk",
        "id": fresh(here),
        "creationTimestamp": here.now,
        "name": path.rpartition("/")[2],
        "sizeGb": "100",
        "zone": here.project.link(where),
        "status": "READY",
        "selfLink": here.project.link(path),
        "type": here.project.link(f"{where}/diskTypes/pd-balanced"),
        "labelFingerprint": fingerprint({}),
        "physicalBlockSizeBytes": "4096",
        "enableConfidentialCompute": False,
        **source,
    }
    here.project.disks.add(path, made)
    if logged:
        request = {"name": made["name"], "sizeGb": made["sizeGb"], "type": made["type"]}
        given = {key: value for key, value in source.items() if not key.endswith("Id")}
        here.journal.write("disks.insert", path, made["id"], request | given)
    return path


def attach(here: Site, instance_path: str, disk_path: str, *, logged: bool = True) -> None:
    """Attach a disk to an instance; the first one is its boot disk."""
    instance = here.project.instances.edit(instance_path)
    disk = here.project.disks.edit(disk_path)
    position = len(instance["disks"])
    made = storage.attachment(disk["selfLink"], position, int(disk["sizeGb"]))
    encryption = {key: disk[key] for key in ("diskEncryptionKey",) if key in disk}
    instance["disks"].append(made | encryption)
    disk |= {"users": [instance["selfLink"]], "lastAttachTimestamp": here.now}
    if logged:
        request = {"source": disk["selfLink"], "deviceName": made["deviceName"]}
        here.journal.write("instances.attachDisk", instance_path, instance["id"], request)


def create_firewall(here: Site, name: str, network: str, spec: Resource) -> str:
    """Create a VPC firewall rule."""
    path, id_ = f"global/firewalls/{name}", fresh(here)
    made = firewall.rule(here.project, name, network, spec, id_=id_)
    made["creationTimestamp"] = here.now
    here.project.firewalls.add(path, made)
    here.journal.write("firewalls.insert", path, id_, firewall_request(made))
    return path


def firewall_request(rule: Resource) -> Resource:
    """Return a rule as the log writes it: numbers as text, and `alloweds` or `denieds`."""
    plural = {"allowed": "alloweds", "denied": "denieds"}
    left_out = ("kind", "id", "creationTimestamp", "selfLink", "logConfig")
    return {
        plural.get(key, key): str(value) if key == "priority" else value
        for key, value in rule.items()
        if key not in left_out
    }


def model(here: Site, path: str) -> Model:
    """Return an instance of the project as a model for new ones."""
    instance = copy.deepcopy(here.project.instances.get(path))
    boot = here.project.disks.get(here.project.path(instance["disks"][0]["source"]))
    return Model(instance, {key: boot[key] for key in BOOT if key in boot})


def launch(here: Site, like: Model, path: str, changes: Resource, *, external: bool) -> str:
    """Create an instance of the same make as another; `changes` replace its members."""
    project, zone = here.project, zone_of(path)
    made = copy.deepcopy(like.instance)
    made.pop("lastStopTimestamp", None)
    id_ = fresh(here)
    type_ = made["machineType"].rpartition("/")[2]
    made |= {
        "id": id_,
        "creationTimestamp": here.now,
        "lastStartTimestamp": here.now,
        "name": path.rpartition("/")[2],
        "status": "RUNNING",
        "zone": project.link(f"zones/{zone}"),
        "machineType": project.link(f"zones/{zone}/machineTypes/{type_}"),
        "selfLink": project.link(path),
        "networkInterfaces": [_interface(here, made, zone)],
        "disks": [],
        "fingerprint": fingerprint([id_]),
        **changes,
    }
    made["labelFingerprint"] = fingerprint(made["labels"])
    project.instances.add(path, made)
    if external:
        set_public_address(here, path)
    disk = create_disk(here, path.replace("/instances/", "/disks/"), like.boot, logged=False)
    attach(here, path, disk, logged=False)
    here.journal.write("instances.insert", path, id_, _request(made, like.boot))
    return path


def _request(made: Resource, origin: Resource) -> Resource:
    """Return an instance as the log writes the request for it: metadata by key only."""
    image = {"sourceImage": origin["sourceImage"]} if "sourceImage" in origin else {}
    copied = ("name", "machineType", "networkInterfaces", "serviceAccounts", "guestAccelerators")
    return {
        **{key: made[key] for key in copied if key in made},
        "tags": {"items": made["tags"]["items"]},
        "metadata": {"items": [{"key": item["key"]} for item in made["metadata"]["items"]]},
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": image}],
    }


def delete_instance(here: Site, path: str) -> list[str]:
    """Delete an instance and the disks that go with it; return their paths."""
    project = here.project
    instance = project.instances.get(path)
    here.journal.write("instances.delete", path, instance["id"])
    gone = []
    for attached in instance["disks"]:
        disk_path = project.path(attached["source"])
        if attached["autoDelete"]:
            project.disks.remove(disk_path)
            gone.append(disk_path)
        else:
            project.disks.edit(disk_path).update(users=[], lastDetachTimestamp=here.now)
    project.instances.remove(path)
    project.bindings.pop(path, None)
    return gone


def set_public_address(here: Site, path: str) -> str:
    """Give an instance a new external address, in place of any it has."""
    card = here.project.instances.edit(path)["networkInterfaces"][0]
    here.project.created += 1
    number = here.project.created
    address = f"34.40.{number >> 8 & 0xFF}.{number & 0xFF}"
    card["accessConfigs"] = [instances.access(address)]
    card["fingerprint"] = fingerprint(card["accessConfigs"])
    return address


def _interface(here: Site, model: Resource, zone: str) -> Resource:
    """Make an interface in the model's network: the address counts down from the last one."""
    card: Resource = copy.deepcopy(model["networkInterfaces"][0])
    card.pop("accessConfigs", None)
    region = region_of(zone)
    for path in here.project.subnetworks.scope(f"regions/{region}"):
        subnet = here.project.subnetworks.get(path)
        if subnet["network"] == card["network"]:
            break
    else:
        raise LookupError(f"no subnetwork of {card['network']} in {region}")
    here.project.created += 1
    address = str(IPv4Network(subnet["ipCidrRange"])[-2 - here.project.created])
    card |= {
        "subnetwork": subnet["selfLink"],
        "networkIP": address,
        "fingerprint": fingerprint([subnet["selfLink"], address]),
    }
    return card
