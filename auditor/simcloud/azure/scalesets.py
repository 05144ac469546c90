"""Scale sets: Flexible ones of ordinary machines, Uniform ones with members of their own."""

from __future__ import annotations

import base64
from typing import Any

from auditor.simcloud.azure import interfaces, storage
from auditor.simcloud.azure.compute import LINUX
from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.seeding import SUBNETS, role
from auditor.simcloud.azure.wire import Resource

SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
MEMBERS = 3
"""Members of a Uniform scale set."""
MOST_UNIFORM = 20
KINDS = ("virtualMachines", "networkInterfaces", "publicIPAddresses", "disks")
"""What the members of a Uniform scale set are kept by; all but the disks are listed under it."""


def flexible(machines: Machines) -> list[int]:
    """Return the roles whose machines form Flexible scale sets."""
    return [group for group in machines.roles if role(group).service == "web"]


def ids(machines: Machines) -> list[str]:
    """Return the ids of all scale sets, Flexible ones first."""
    made = [
        machines.id(f"rg-{role(group).name}-{machines.location}", SCALE_SET, name)
        for group in flexible(machines)
        for name in [machines.scale_set_name(group)]
    ]
    return made + uniform_ids(machines)


def uniform_ids(machines: Machines) -> list[str]:
    """Return the ids of the Uniform scale sets."""
    count = min(MOST_UNIFORM, machines.count // 100 + 1) if machines.count else 0
    group, name = f"rg-batch-{machines.location}", f"vmss-batch-{machines.location}"
    return [machines.id(group, SCALE_SET, f"{name}-{number:02d}") for number in range(count)]


def scale_set(machines: Machines, position: int) -> Resource:
    """Make the scale set in a place of `ids`."""
    groups = flexible(machines)
    uniform = position >= len(groups)
    capacity = MEMBERS if uniform else len(machines.members(groups[position]))
    return _made(machines, ids(machines)[position], position, capacity, uniform=uniform)


def details(machines: Machines, position: int) -> Resource:
    """Make what only a request about one scale set tells: the user data of its model."""
    if position % 2:
        return {"userData": None}
    script = f"#!/bin/sh\n/opt/join --set {ids(machines)[position].rpartition('/')[2]}\n"
    return {"userData": base64.b64encode(script.encode()).decode()}


def members(set_: Resource, machines: Machines) -> dict[str, dict[str, Resource]]:
    """Return the machines of a Uniform scale set, and what is only theirs, by kind and id."""
    made: dict[str, dict[str, Resource]] = {kind: {} for kind in KINDS}
    for number in range(MEMBERS):
        # NOTE: instance ids have gaps, since members that fail are replaced
        add_member(made, set_, machines, number + number // 2)
    return made


def add_member(
    made: dict[str, dict[str, Resource]], set_: Resource, machines: Machines, instance: int
) -> str:
    """Add a member to a Uniform scale set, by its model, and return its id."""
    vm = _member(set_, machines, instance)
    nic = _nic(set_, vm, machines, instance)
    made["virtualMachines"][vm["id"].lower()] = vm
    made["networkInterfaces"][nic["id"].lower()] = nic
    configuration = nic["properties"]["ipConfigurations"][0]
    if "publicIPAddress" in configuration["properties"]:
        id_ = configuration["properties"]["publicIPAddress"]["id"]
        # NOTE: past the addresses of machines of their own
        number = (7 << 16) + _number(set_) * 256 + instance
        address = interfaces.public_address(
            machines, id_, number, used_by=configuration["id"], basic=False
        )
        made["publicIPAddresses"][id_.lower()] = address
    disk = storage.member_disk(machines, vm, instance)
    made["disks"][disk["id"].lower()] = disk
    return str(vm["id"]).lower()


def flexible_member(set_: Resource, vm: Resource) -> Resource:
    """Return a machine of a Flexible scale set as the list of its set shows it."""
    return {
        "name": vm["name"],
        "id": f"{set_['id']}/virtualMachines/{vm['name']}",
        "type": f"{SCALE_SET}/virtualMachines",
        "location": vm["location"],
        "tags": vm["tags"],
        "instanceId": vm["name"],
        "sku": set_["sku"],
        "properties": {
            name: vm["properties"][name]
            for name in ("vmId", "hardwareProfile", "storageProfile", "provisioningState")
        }
        | {"virtualMachineResourceId": vm["id"]},
    }


def _made(machines: Machines, id_: str, position: int, capacity: int, *, uniform: bool) -> Resource:
    parts = id_.split("/")
    id_ = machines.shouted(parts[4], SCALE_SET, parts[-1])
    properties: Resource = {
        "upgradePolicy": {"mode": "Automatic" if uniform else "Manual"},
        "virtualMachineProfile": _profile(machines, position, parts[-1]),
        "provisioningState": "Succeeded",
        "uniqueId": machines.guid("scale-set", position),
        "platformFaultDomainCount": 5 if uniform else 1,
        "timeCreated": machines.time("scale-set", position),
        "orchestrationMode": "Uniform" if uniform else "Flexible",
    }
    if uniform:
        properties |= {"singlePlacementGroup": True, "overprovision": True}
    return {
        "name": parts[-1],
        "id": id_,
        "type": SCALE_SET,
        "location": machines.location,
        "tags": {"Service": "batch" if uniform else "web"},
        "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": capacity},
        "properties": properties,
        "etag": f'"{position}"',
    }


def _profile(machines: Machines, position: int, name: str) -> Resource:
    key = base64.b64encode(machines.hex("set-key", position).encode()).decode()
    keys = [{"path": "/home/azureadmin/.ssh/authorized_keys", "keyData": f"ssh-rsa AAAA{key} set"}]
    image = {field: value for field, value in LINUX.items() if field != "exactVersion"}
    return {
        "osProfile": {
            "computerNamePrefix": name[:9],
            "adminUsername": "azureadmin",
            "linuxConfiguration": {
                "disablePasswordAuthentication": True,
                "ssh": {"publicKeys": keys},
                "provisionVMAgent": True,
            },
            "secrets": [],
            "allowExtensionOperations": True,
        },
        "storageProfile": {
            "osDisk": {
                "osType": "Linux",
                "createOption": "FromImage",
                "caching": "ReadWrite",
                "managedDisk": {"storageAccountType": "Premium_LRS"},
                "diskSizeGB": 30,
            },
            "imageReference": image,
        },
        "networkProfile": {"networkInterfaceConfigurations": [_card(machines, position)]},
        "securityProfile": {
            "securityType": "TrustedLaunch",
            "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
        },
        "extensionProfile": {"extensions": [_health()]},
    }


def _card(machines: Machines, position: int) -> Resource:
    """Return the model of the members' interfaces; every other set has public addresses."""
    template: Resource = {
        "subnet": {"id": machines.subnet(0, position % SUBNETS)},
        "primary": True,
        "privateIPAddressVersion": "IPv4",
    }
    if position % 2 == 1:
        public = {"idleTimeoutInMinutes": 4, "publicIPAddressVersion": "IPv4"}
        template["publicIPAddressConfiguration"] = {"name": "public", "properties": public}
    properties: Resource = {
        "primary": True,
        "enableAcceleratedNetworking": False,
        "networkSecurityGroup": {"id": machines.role_nsg(machines.roles[0])},
        "dnsSettings": {"dnsServers": []},
        "enableIPForwarding": False,
        "ipConfigurations": [{"name": "ipconfig1", "properties": template}],
    }
    return {"name": "nic", "properties": properties}


def _health() -> Resource:
    return {
        "name": "health",
        "properties": {
            "autoUpgradeMinorVersion": True,
            "publisher": "Microsoft.ManagedServices",
            "type": "ApplicationHealthLinux",
            "typeHandlerVersion": "1.0",
            "settings": {"protocol": "tcp", "port": 8080},
        },
    }


def _member(set_: Resource, machines: Machines, instance: int) -> Resource:
    profile: dict[str, Any] = set_["properties"]["virtualMachineProfile"]
    name = f"{set_['name']}_{instance}"
    id_ = f"{set_['id']}/virtualMachines/{instance}"
    system = {k: v for k, v in profile["osProfile"].items() if k != "computerNamePrefix"}
    disk = profile["storageProfile"]["osDisk"]
    group = set_["id"].split("/")[4]
    disk_id = machines.id(group, "Microsoft.Compute/disks", f"{name}_OsDisk_1")
    managed = disk["managedDisk"] | {"id": disk_id}
    return {
        "name": name,
        "id": id_,
        "type": f"{SCALE_SET}/virtualMachines",
        "location": set_["location"],
        "tags": set_["tags"],
        "instanceId": str(instance),
        "sku": {"name": set_["sku"]["name"], "tier": "Standard"},
        "properties": {
            "latestModelApplied": True,
            "modelDefinitionApplied": "VirtualMachineScaleSet",
            "networkProfileConfiguration": profile["networkProfile"],
            "hardwareProfile": {},
            "storageProfile": {
                "imageReference": dict(LINUX),
                "osDisk": disk | {"name": f"{name}_OsDisk_1", "managedDisk": managed},
                "dataDisks": [],
            },
            "osProfile": system | {"computerName": f"{set_['name'][:9]}{instance:06d}"},
            "securityProfile": profile["securityProfile"],
            "networkProfile": {
                "networkInterfaces": [{"id": f"{id_}/networkInterfaces/nic"}],
            },
            "provisioningState": "Succeeded",
            "vmId": machines.guid(f"member/{set_['name']}", instance),
            "timeCreated": machines.time(f"member/{set_['name']}", instance),
        },
    }


def _nic(set_: Resource, vm: Resource, machines: Machines, instance: int) -> Resource:
    model = set_["properties"]["virtualMachineProfile"]["networkProfile"]
    card = model["networkInterfaceConfigurations"][0]
    template = card["properties"]["ipConfigurations"][0]["properties"]
    id_ = f"{vm['id']}/networkInterfaces/nic"
    etag = machines.etag(f"nic/{set_['name']}", instance)
    configuration = f"{id_}/ipConfigurations/ipconfig1"
    subnet = int(template["subnet"]["id"][-1])
    # NOTE: machines of their own end before the last three /24 of each /19 subnet
    block = f"{machines.block(0)}.{subnet * 32 + 31}"
    properties: Resource = {
        "provisioningState": "Succeeded",
        "privateIPAddress": f"{block}.{4 + _number(set_) // SUBNETS * 60 + instance % 60}",
        "privateIPAllocationMethod": "Dynamic",
        "subnet": template["subnet"],
        "primary": True,
        "privateIPAddressVersion": "IPv4",
    }
    if "publicIPAddressConfiguration" in template:
        public = f"{configuration}/publicIPAddresses/public"
        properties["publicIPAddress"] = {"id": public}
    shown = {"name": "ipconfig1", "id": configuration, "etag": etag, "properties": properties}
    return {
        "name": "nic",
        "id": id_,
        "etag": etag,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid(f"nic/{set_['name']}", instance),
            "ipConfigurations": [shown],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            "networkSecurityGroup": card["properties"]["networkSecurityGroup"],
            "primary": True,
            "virtualMachine": {"id": vm["id"]},
            "hostedWorkloads": [],
        },
    }


def _number(set_: Resource) -> int:
    return int(set_["name"][-2:])
