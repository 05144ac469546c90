"""Machines that are deleted, recreated, put back or started in numbers; see `scenarios`."""

from __future__ import annotations

from auditor.simcloud.azure import changes
from auditor.simcloud.azure.changes import MOMENT, Site, Touched
from auditor.simcloud.azure.estate import DISK, NIC, VM, Estate
from auditor.simcloud.azure.seeding import stamp
from auditor.simcloud.azure.wire import Resource

VM_WRITE = "Microsoft.Compute/virtualMachines/write"
MINING_SIZE = "Standard_NC24ads_A100_v4"


def recreate_vm(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Delete a machine and create one of the same name: same id, other vmId, other OS disk."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        vm_id = site.pick(VM, changes.is_linux, "of its own")
        vm = site.subscription.machines.edit(vm_id)
        site.log("Microsoft.Compute/virtualMachines/delete", vm["id"])
        old = changes.os_disk(vm)
        properties = vm["properties"]
        properties |= {"vmId": site.guid(), "timeCreated": stamp(site.moment)}
        name = f"{vm['name']}_OsDisk_1_{site.guid().replace('-', '')}"
        new = changes.replace_disk(site, old, name)
        properties["storageProfile"]["osDisk"]["name"] = name
        properties["storageProfile"]["osDisk"]["managedDisk"]["id"] = new
        site.log(VM_WRITE, vm["id"])
    return {"machines": [vm_id], "disks": [old, new.lower()]}


def delete_vm(estate: Estate, subscription: str, location: str, *, moment: str = MOMENT) -> Touched:
    """Delete a machine and its OS disk: T1578.003; its interfaces stay, attached to nothing."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        vm_id = site.pick(VM, changes.is_linux, "of its own")
        vm = site.subscription.machines.get(vm_id)
        _release(site, vm)
        site.subscription.machines.remove(vm_id)
        site.log("Microsoft.Compute/virtualMachines/delete", vm["id"])
    return {"machines": [vm_id]}


def revert_vm(estate: Estate, subscription: str, location: str, *, moment: str = MOMENT) -> Touched:
    """Swap the OS disk of a machine for one made from a snapshot of it: T1578.004.

    https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap
    """
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        vm_id = site.pick(VM, changes.is_linux, "of its own")
        vm = site.subscription.machines.edit(vm_id)
        old = changes.os_disk(vm)
        name = f"{vm['name']}-back-{site.fresh()}"
        snapshot_id = changes.create_snapshot(site, old, f"{name}-snap")
        new = changes.create_disk(site, snapshot_id, old, name)
        disk, before = site.list(DISK).edit(new), site.list(DISK).edit(old)
        disk["managedBy"], before["managedBy"] = vm["id"], None
        disk["properties"]["diskState"] = "Attached"
        before["properties"]["diskState"] = "Unattached"
        os_disk = vm["properties"]["storageProfile"]["osDisk"]
        os_disk["name"], os_disk["managedDisk"]["id"] = name, disk["id"]
        site.log(VM_WRITE, vm["id"])
    return {"machines": [vm_id], "disks": [old, new], "snapshots": [snapshot_id]}


def mining(
    estate: Estate, subscription: str, location: str, *, count: int = 3, moment: str = MOMENT
) -> Touched:
    """Create machines with accelerators, of a size that nobody uses."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        model_id = site.pick(VM, changes.is_linux, "of its own")
        made = [twin(site, model_id, f"vm-render-{site.fresh()}") for _ in range(count)]
        for vm_id in made:
            vm = site.subscription.machines.edit(vm_id)
            vm["properties"]["hardwareProfile"]["vmSize"] = MINING_SIZE
    return {"machines": made}


def twin(site: Site, like: str, name: str) -> str:
    """Create a machine like another, with an interface in the same group and no public address."""
    model = changes.first_nic(site.subscription.machines.get(like))
    group = site.list(NIC).get(model)["properties"].get("networkSecurityGroup")
    nsg_id = group["id"].lower() if group else changes.create_nsg(site, f"{name}-nsg")
    nic = site.list(NIC).edit(changes.create_nic(site, model, f"{name}-nic", nsg_id, public=False))
    return changes.create_vm(site, like, name, nic)


def _release(site: Site, vm: Resource) -> None:
    """Let go of what a machine used that is deleted: its OS disk goes, the rest stays behind."""
    for nic in vm["properties"]["networkProfile"]["networkInterfaces"]:
        site.list(NIC).edit(nic["id"].lower())["properties"].pop("virtualMachine", None)
    for data in vm["properties"]["storageProfile"]["dataDisks"]:
        disk = site.list(DISK).edit(data["managedDisk"]["id"].lower())
        disk["managedBy"] = None
        disk["properties"]["diskState"] = "Unattached"
    site.list(DISK).remove(changes.os_disk(vm))
