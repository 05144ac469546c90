"""Virtual machines, made from their index."""

from __future__ import annotations

import base64

from auditor.simcloud.azure.agents import MACHINE, details
from auditor.simcloud.azure.machines import EVERY_DATA, Machines, Place
from auditor.simcloud.azure.wire import Resource

SIZES = ("Standard_D2s_v5", "Standard_D4s_v5", "Standard_E4s_v5", "Standard_F4s_v2", "Standard_B2s")
LINUX = {
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
    "version": "latest",
    "exactVersion": "22.04.202512110",
}
WINDOWS = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-azure-edition",
    "version": "latest",
    "exactVersion": "20348.4529.251205",
}


def machine(machines: Machines, index: int) -> Resource:
    """Make a virtual machine, as the list of a subscription shows it."""
    place = machines.place(index)
    name = machines.name(index, place)
    group = machines.resource_group(place)
    id_ = machines.shouted(group, MACHINE, name)
    made: Resource = {
        "name": name,
        "id": id_,
        "type": MACHINE,
        "location": machines.location,
        "tags": _tags(machines, index, place),
        **_identity(machines, index),
        "properties": _properties(machines, index, place, name),
        "zones": [str(1 + place.subnet % 3)],
        "etag": f'"{machines.number("vm/etag", index) % 1000}"',
    }
    extensions = details(machines, index)["extensions"]
    if extensions:
        made["resources"] = [{"id": extension["id"]} for extension in extensions]
    return made


def _properties(machines: Machines, index: int, place: Place, name: str) -> Resource:
    made: Resource = {
        "hardwareProfile": {"vmSize": SIZES[machines.number("size", index) % len(SIZES)]},
        "provisioningState": "Succeeded",
        "vmId": machines.guid("vm", index),
        "storageProfile": _storage(machines, index),
        "osProfile": _system(machines, index, name),
        "networkProfile": {
            "networkInterfaces": [
                {
                    "id": machines.nic(index),
                    "properties": {"primary": True, "deleteOption": "Delete"},
                }
            ]
        },
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": index % 2 == 0}},
        "timeCreated": machines.time("vm", index),
    }
    if not machines.is_legacy(index):
        made["securityProfile"] = {
            "securityType": "TrustedLaunch",
            "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
            "encryptionAtHost": True,
        }
    if machines.is_windows(index):
        made["licenseType"] = "Windows_Server"
    if machines.is_scaled(place):
        group = machines.resource_group(place).upper()
        kind = "Microsoft.Compute/virtualMachineScaleSets"
        set_id = machines.id(group, kind, machines.scale_set_name(place.group))
        made |= {"virtualMachineScaleSet": {"id": set_id}, "platformFaultDomain": 0}
    return made


def _storage(machines: Machines, index: int) -> Resource:
    windows = machines.is_windows(index)
    own = not windows and index % 3 == 0
    image = {"id": machines.image} if own else dict(WINDOWS if windows else LINUX)
    data = [
        {
            "lun": 0,
            "name": machines.disk_name(index, data=True),
            "createOption": "Attach",
            "caching": "None",
            "managedDisk": {
                "storageAccountType": "Premium_LRS",
                "id": machines.disk(index, data=True),
            },
            "diskSizeGB": 128,
            "toBeDetached": False,
            "deleteOption": "Detach",
        }
    ]
    return {
        "imageReference": image,
        "osDisk": {
            "osType": "Windows" if windows else "Linux",
            "name": machines.disk_name(index),
            "createOption": "FromImage",
            "caching": "ReadWrite",
            "managedDisk": {
                "storageAccountType": "Premium_LRS",
                "id": machines.disk(index),
            },
            "deleteOption": "Delete",
            "diskSizeGB": 128 if windows else 30,
        },
        "dataDisks": data if index % EVERY_DATA == 0 else [],
        "diskControllerType": "SCSI",
    }


def _system(machines: Machines, index: int, name: str) -> Resource:
    made: Resource = {
        # NOTE: Windows takes at most 15 characters
        "computerName": f"w{index:05d}" if machines.is_windows(index) else name.replace("_", "-"),
        "adminUsername": "azureadmin",
        "secrets": [],
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
    }
    if machines.is_windows(index):
        patches = {"patchMode": "AutomaticByOS", "assessmentMode": "ImageDefault"}
        made["windowsConfiguration"] = {
            "provisionVMAgent": True,
            "enableAutomaticUpdates": True,
            "patchSettings": patches | {"enableHotpatching": False},
        }
        return made
    key = base64.b64encode(machines.hex("key", machines.place(index).group).encode()).decode()
    made["linuxConfiguration"] = {
        "disablePasswordAuthentication": not machines.is_legacy(index),
        "ssh": {
            "publicKeys": [
                {
                    "path": "/home/azureadmin/.ssh/authorized_keys",
                    "keyData": f"ssh-rsa AAAAB3NzaC1yc2E{key} ops@example.com\r\n",
                }
            ]
        },
        "provisionVMAgent": True,
        "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
    }
    return made


def _identity(machines: Machines, index: int) -> Resource:
    if index % 3 == 0:
        return {}
    made: Resource = {}
    if index % 3 == 1 or index % 2:
        made |= {
            "type": "SystemAssigned",
            "principalId": machines.guid("principal", index),
            "tenantId": machines.guid("tenant", 0),
        }
    if index % 3 == 2:  # noqa: PLR2004 - the third of three
        made["type"] = "SystemAssigned, UserAssigned" if made else "UserAssigned"
        made["userAssignedIdentities"] = {
            machines.identity: {
                "principalId": machines.guid("identity/principal", 0),
                "clientId": machines.guid("identity/client", 0),
            }
        }
    return {"identity": made}


def _tags(machines: Machines, index: int, place: Place) -> dict[str, str]:
    return {
        "Environment": place.role.environment,
        "Service": place.role.service,
        "Owner": f"team-{machines.team(place)}",
        "CostCenter": f"CC-{4000 + place.group % 90}",
        "ManagedBy": "terraform" if index % 4 else "bicep",
    }
