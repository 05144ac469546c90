"""The steps that scenarios are made of; each leaves the subscription consistent.

The caller holds the lock of the estate. What is returned are ids in lower case, the keys of the
estate's collections.
"""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from auditor.simcloud.azure import events, firewall, interfaces, storage
from auditor.simcloud.azure.estate import ADDRESS, DISK, NIC, NSG, SNAPSHOT, Subscription
from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.seeding import stamp
from auditor.simcloud.azure.wire import Resource
from auditor.simcloud.collection import Collection

Touched = dict[str, list[str]]
"""What kind of thing -> lower-case ids of those that were added or changed."""

MOMENT = "2026-04-01T02:17:43Z"
"""When scenarios happen: after everything that the generator makes."""
SSH = "22"
FIRST, LAST = 100, 4096
"""Priorities that a rule may have."""


class Site:
    """One location of one subscription at one moment, where a scenario happens."""

    def __init__(self, subscription: Subscription, location: str, moment: str) -> None:
        self.subscription = subscription
        self.machines: Machines = subscription.locations[location]
        self.moment = events.moment(moment)

    def log(self, operation: str, resource_id: str, **details: Any) -> None:
        """Write an operation into the Activity Log, each half a minute after the one before."""
        events.record(self.subscription, operation, resource_id, self.moment, **details)
        self.moment += events.STEP

    def fresh(self) -> int:
        """Return the number of a new thing; the same one in the same situation."""
        self.subscription.created += 1
        return self.subscription.created

    def guid(self) -> str:
        """Return a GUID that nothing else has."""
        text = f"{self.subscription.id}/{self.machines.location}/{self.fresh()}"
        return str(uuid.UUID(hashlib.sha256(text.encode()).hexdigest()[:32]))

    def list(self, kind: str) -> Collection:
        """Return the resources of a kind, of all locations."""
        return self.subscription.lists[kind]

    def pick(self, kind: str, wanted: Callable[[Resource], bool], what: str) -> str:
        """Return the first resource of a kind in this location that fits."""
        listed = self.list(kind)
        for id_ in listed.ids():
            resource = listed.get(id_)
            if resource["location"] == self.machines.location and wanted(resource):
                return id_
        raise LookupError(f"no {kind} {what} in {self.subscription.id}/{self.machines.location}")


def is_own(vm: Resource) -> bool:
    """Tell whether a machine belongs to no scale set."""
    return "virtualMachineScaleSet" not in vm["properties"]


def is_linux(vm: Resource) -> bool:
    """Tell whether a machine of no scale set runs Linux."""
    return is_own(vm) and "linuxConfiguration" in vm["properties"]["osProfile"]


def os_disk(vm: Resource) -> str:
    """Return the disk that a machine starts from."""
    return str(vm["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]).lower()


def first_nic(vm: Resource) -> str:
    """Return the interface of a machine."""
    return str(vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"]).lower()


def create_snapshot(site: Site, disk_id: str, name: str) -> str:
    """Take a snapshot of a disk."""
    disk = site.list(DISK).get(disk_id)
    source = {
        "createOption": "Copy",
        "sourceResourceId": disk["id"],
        "sourceUniqueId": disk["properties"]["uniqueId"],
    }
    size = disk["properties"]["diskSizeGB"]
    made = storage.snapshot_of(site.machines, name, size, source, site.guid())
    made["properties"] |= {"timeCreated": stamp(site.moment), "networkAccessPolicy": "AllowAll"}
    made["tags"] = {}
    id_ = str(made["id"])
    site.list(SNAPSHOT).add(id_.lower(), made)
    site.log("Microsoft.Compute/snapshots/write", id_)
    return id_.lower()


def create_disk(site: Site, snapshot_id: str, like: str, name: str) -> str:
    """Create a disk from a snapshot, attached to nothing."""
    snapshot = site.list(SNAPSHOT).get(snapshot_id)
    source = {
        "createOption": "Copy",
        "sourceResourceId": snapshot["id"],
        "sourceUniqueId": snapshot["properties"]["uniqueId"],
    }
    return _copy_disk(site, like, name, source)


def create_vm(site: Site, like: str, name: str, nic: Resource) -> str:
    """Create a machine of the same make as another, with an OS disk of its own and no data."""
    model = site.subscription.machines.get(like)
    made = copy.deepcopy(model)
    id_ = _beside(model["id"], name)
    disk_name = f"{name}_OsDisk_1_{site.guid().replace('-', '')}"
    image = {"createOption": "FromImage"}
    disk_id = _copy_disk(site, os_disk(model), disk_name, image, quiet=True)
    made |= {"name": name, "id": id_, "tags": {}}
    for part in ("identity", "resources"):
        made.pop(part, None)
    properties = made["properties"]
    properties |= {"vmId": site.guid(), "timeCreated": stamp(site.moment)}
    properties["osProfile"]["computerName"] = name
    disk = site.list(DISK).edit(disk_id)
    properties["storageProfile"]["dataDisks"] = []
    properties["storageProfile"]["osDisk"] |= {
        "name": disk_name,
        "managedDisk": {"storageAccountType": "Premium_LRS", "id": disk["id"]},
    }
    properties["networkProfile"]["networkInterfaces"] = [
        {"id": nic["id"], "properties": {"primary": True, "deleteOption": "Delete"}}
    ]
    disk["managedBy"] = id_
    disk["properties"]["diskState"] = "Attached"
    nic["properties"]["virtualMachine"] = {"id": id_}
    site.subscription.machines.add(id_.lower(), made)
    known: Resource = {"userData": None, "power": "running", "extensions": [], "runCommands": []}
    site.subscription.details.add(id_.lower(), known)
    site.log("Microsoft.Compute/virtualMachines/write", id_)
    return id_.lower()


def attach(site: Site, disk_id: str, vm_id: str) -> None:
    """Attach a disk to a machine as its next data disk."""
    disk, vm = site.list(DISK).edit(disk_id), site.subscription.machines.edit(vm_id)
    data = vm["properties"]["storageProfile"]["dataDisks"]
    data.append(
        {
            "lun": len(data),
            "name": disk["name"],
            "createOption": "Attach",
            "caching": "None",
            "managedDisk": {"storageAccountType": "Premium_LRS", "id": disk["id"]},
            "diskSizeGB": disk["properties"]["diskSizeGB"],
            "toBeDetached": False,
            "deleteOption": "Detach",
        }
    )
    disk["managedBy"] = vm["id"]
    disk["properties"]["diskState"] = "Attached"
    site.log("Microsoft.Compute/virtualMachines/write", vm["id"])


def replace_disk(site: Site, old: str, name: str) -> str:
    """Put a new disk of the same make in the place of a machine's OS disk; returns its id."""
    listed = site.list(DISK)
    image = {"createOption": "FromImage"}
    new = listed.edit(_copy_disk(site, old, name, image, quiet=True))
    new["managedBy"] = listed.get(old)["managedBy"]
    new["properties"]["diskState"] = listed.get(old)["properties"]["diskState"]
    listed.remove(old)
    return str(new["id"])


def create_nsg(site: Site, name: str) -> str:
    """Create a group with nothing but the default rules."""
    id_ = site.machines.shared(firewall.NSG, name)
    made = firewall.nsg(site.machines, id_, -site.fresh(), [])
    site.list(NSG).add(id_.lower(), made)
    site.log(f"{firewall.NSG}/write", id_)
    return id_.lower()


def open_to_world(site: Site, nsg_id: str, port: str) -> str:
    """Let all of the internet reach a TCP port, before all other rules of a group."""
    group = site.list(NSG).edit(nsg_id)
    _make_room(group)
    made = firewall.rule(f"AllowAny{port}", FIRST, ports=[port])
    rule_id = firewall.add_rule(group, made)
    touch(site, group)
    site.log(f"{firewall.NSG}/securityRules/write", rule_id, body=made)
    return rule_id.lower()


def create_address(site: Site, name: str, used_by: str) -> str:
    """Create a Standard public address for an IP configuration."""
    id_ = site.machines.shared(interfaces.ADDRESS, name)
    number = (6 << 16) + site.fresh()
    made = interfaces.public_address(site.machines, id_, number, used_by=used_by, basic=False)
    site.list(ADDRESS).add(id_.lower(), made)
    site.log(f"{interfaces.ADDRESS}/write", id_)
    return id_.lower()


def create_nic(site: Site, like: str, name: str, nsg_id: str, *, public: bool = True) -> str:
    """Create an interface in the subnet of another one, with a group and maybe a public address."""
    made = copy.deepcopy(site.list(NIC).get(like))
    id_ = _beside(made["id"], name)
    configuration = made["properties"]["ipConfigurations"][0]
    configuration["id"] = f"{id_}/ipConfigurations/ipconfig1"
    own = configuration["properties"]
    for part in ("applicationSecurityGroups", "loadBalancerBackendAddressPools"):
        own.pop(part, None)
    for part in ("loadBalancerInboundNatRules", "publicIPAddress"):
        own.pop(part, None)
    own["privateIPAddress"] = _spare(site, own)
    if public:
        address_id = create_address(site, f"pip-{name}", configuration["id"])
        own["publicIPAddress"] = {"id": site.list(ADDRESS).get(address_id)["id"]}
    group = site.list(NSG).edit(nsg_id)
    made |= {"name": name, "id": id_, "tags": {}}
    made["properties"] |= {
        "resourceGuid": site.guid(),
        "networkSecurityGroup": {"id": group["id"]},
    }
    group["properties"].setdefault("networkInterfaces", []).append({"id": id_})
    site.list(NIC).add(id_.lower(), made)
    site.log("Microsoft.Network/networkInterfaces/write", id_)
    return id_.lower()


def touch(site: Site, resource: Resource) -> None:
    """Give a network resource the new entity tag that every write gives it."""
    etag = f'W/"{site.guid()}"'
    resource["etag"] = etag
    for rules in ("securityRules", "defaultSecurityRules"):
        for rule in resource["properties"].get(rules, []):
            rule["etag"] = etag


def _make_room(group: Resource) -> None:
    """Free the first priority, by moving the rules from there on up to the next free one."""
    rules = [
        rule["properties"]
        for rule in group["properties"]["securityRules"]
        if rule["properties"]["direction"] == "Inbound"
    ]
    taken = {rule["priority"] for rule in rules}
    free = next(number for number in range(FIRST, LAST + 1) if number not in taken)
    for rule in rules:
        if rule["priority"] < free:
            rule["priority"] += 1


def _copy_disk(site: Site, like: str, name: str, source: Resource, *, quiet: bool = False) -> str:
    """Create a disk like another, from something else."""
    made = copy.deepcopy(site.list(DISK).get(like))
    made |= {"name": name, "id": _beside(made["id"], name), "tags": {}, "managedBy": None}
    if "imageReference" in made["properties"]["creationData"] and "sourceUniqueId" not in source:
        source = made["properties"]["creationData"] | source
    made["properties"] |= {
        "creationData": source,
        "timeCreated": stamp(site.moment),
        "uniqueId": site.guid(),
        "diskState": "Unattached",
    }
    id_ = str(made["id"])
    site.list(DISK).add(id_.lower(), made)
    if not quiet:
        site.log("Microsoft.Compute/disks/write", id_)
    return id_.lower()


def _spare(site: Site, own: Resource) -> str:
    """Return an address of the same subnet that the generator leaves free."""
    first, second, third, _ = own["privateIPAddress"].split(".")
    number = site.fresh()
    # NOTE: of the last three /24 of each /19 subnet, the last is for Uniform scale sets
    block = int(third) // 32 * 32 + 29 + (number >> 8) % 2
    return f"{first}.{second}.{block}.{number & 0xFF}"


def _beside(id_: str, name: str) -> str:
    """Return the id of a resource of the same kind and group, with another name."""
    return f"{id_.rpartition('/')[0]}/{name}"
