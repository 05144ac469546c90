"""Scale sets that autoscale, and a machine that only claims to be in one; see `scenarios`."""

from __future__ import annotations

from auditor.simcloud.azure import changes, events, scalesets
from auditor.simcloud.azure.changes import MOMENT, Site, Touched
from auditor.simcloud.azure.estate import DISK, SCALE_SET, VM, Estate
from auditor.simcloud.azure.lifecycle import twin
from auditor.simcloud.azure.wire import Resource

POOL = "aks-managed-poolName"
"""The tag of machines that AKS made; anybody may set it."""


def scale_out(
    estate: Estate, subscription: str, location: str, *, count: int = 2, moment: str = MOMENT
) -> Touched:
    """Benign: autoscale adds members to a Uniform scale set."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        set_id, set_ = _uniform(site)
        members = site.subscription.members[set_id]
        added = []
        for _ in range(count):
            taken = [int(vm["instanceId"]) for vm in members["virtualMachines"].values()]
            made = members | {"disks": {}}
            number = max(taken, default=-1) + 1
            added.append(scalesets.add_member(made, set_, site.machines, number))
            for disk_id, disk in made["disks"].items():
                site.list(DISK).add(disk_id, disk)
        _resize(site, set_, len(members["virtualMachines"]))
    return {"scale_sets": [set_id], "members": added}


def scale_in(
    estate: Estate, subscription: str, location: str, *, count: int = 1, moment: str = MOMENT
) -> Touched:
    """Benign: autoscale takes the newest members from a Uniform scale set, disks and all."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        set_id, set_ = _uniform(site)
        members = site.subscription.members[set_id]
        removed = list(members["virtualMachines"])[-count:] if count else []
        for id_ in removed:
            vm = members["virtualMachines"].pop(id_)
            site.list(DISK).remove(changes.os_disk(vm))
            for part in ("networkInterfaces", "publicIPAddresses"):
                for own in [own for own in members[part] if own.startswith(f"{id_}/")]:
                    del members[part][own]
        _resize(site, set_, len(members["virtualMachines"]))
    return {"scale_sets": [set_id], "members": removed}


def false_member(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Create a machine with the tag of a node pool that knows nothing of it."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        model_id = site.pick(VM, changes.is_linux, "of its own")
        vm_id = twin(site, model_id, f"vm-pool-{site.fresh()}")
        site.subscription.machines.edit(vm_id)["tags"] = {POOL: "system"}
    return {"machines": [vm_id]}


def _uniform(site: Site) -> tuple[str, Resource]:
    set_id = site.pick(
        SCALE_SET, lambda s: s["properties"]["orchestrationMode"] == "Uniform", "that is Uniform"
    )
    return set_id, site.list(SCALE_SET).edit(set_id)


def _resize(site: Site, set_: Resource, capacity: int) -> None:
    set_["sku"]["capacity"] = capacity
    site.log("Microsoft.Compute/virtualMachineScaleSets/write", set_["id"], actor=events.AUTOSCALE)
