"""What only a request about one machine tells of it: user data, extensions, commands, state."""

from __future__ import annotations

import base64
from typing import Any

from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.wire import Resource

MACHINE = "Microsoft.Compute/virtualMachines"


def details(machines: Machines, index: int) -> Resource:
    """Make what only a request about one machine tells of it."""
    place = machines.place(index)
    name = machines.name(index, place)
    group = machines.resource_group(place)
    parent = machines.shouted(group, MACHINE, name)
    script = (
        f"#!/bin/bash\nset -eu\nhostnamectl set-hostname {name}\n"
        f"/opt/bootstrap --service {place.role.service} --env {place.role.environment}\n"
    )
    user_data = base64.b64encode(script.encode()).decode() if index % 5 else None
    return {
        "userData": user_data,
        "power": "running" if machines.is_running(index) else "deallocated",
        "extensions": _extensions(machines, index, parent),
        "runCommands": _run_commands(machines, index, parent),
    }


def extension(
    parent: str, location: str, name: str, *, publisher: str, kind: str, version: str, settings: Any
) -> Resource:
    """Make an extension of a machine; protected settings are never shown."""
    return {
        "name": name,
        "id": f"{parent}/extensions/{name}",
        "type": f"{MACHINE}/extensions",
        "location": location,
        "properties": {
            "autoUpgradeMinorVersion": True,
            "enableAutomaticUpgrade": False,
            "provisioningState": "Succeeded",
            "publisher": publisher,
            "type": kind,
            "typeHandlerVersion": version,
            **({} if settings is None else {"settings": settings}),
        },
    }


def run_command(parent: str, location: str, name: str, script: str, user: str | None) -> Resource:
    """Make a managed run command of a machine."""
    return {
        "name": name,
        "id": f"{parent}/runCommands/{name}",
        "type": f"{MACHINE}/runCommands",
        "location": location,
        "properties": {
            "source": {"script": script},
            "parameters": [],
            "asyncExecution": False,
            **({} if user is None else {"runAsUser": user}),
            "timeoutInSeconds": 3600,
            "provisioningState": "Succeeded",
            "treatFailureAsDeploymentFailure": False,
        },
    }


def instance_view(vm: Resource, known: Resource) -> Resource:
    """Return what the agent and the fabric report of a machine."""
    disks = vm["properties"]["storageProfile"]
    succeeded = {"code": "ProvisioningState/succeeded", "level": "Info"}
    return {
        "computerName": vm["properties"]["osProfile"]["computerName"],
        "hyperVGeneration": "V2",
        "disks": [
            {"name": disk["name"], "statuses": [succeeded]}
            for disk in (disks["osDisk"], *disks["dataDisks"])
        ],
        "extensions": [
            {
                "name": extension["name"],
                "type": f"{extension['properties']['publisher']}.{extension['properties']['type']}",
                "typeHandlerVersion": extension["properties"]["typeHandlerVersion"],
                "statuses": [succeeded],
            }
            for extension in known["extensions"]
        ],
        "statuses": [
            succeeded | {"displayStatus": "Provisioning succeeded"},
            {
                "code": f"PowerState/{known['power']}",
                "level": "Info",
                "displayStatus": f"VM {known['power']}",
            },
        ],
    }


def _extensions(machines: Machines, index: int, parent: str) -> list[Resource]:
    made = []
    if not machines.is_legacy(index):
        windows = machines.is_windows(index)
        kind = "AzureMonitorWindowsAgent" if windows else "AzureMonitorLinuxAgent"
        agent = extension(
            parent,
            machines.location,
            kind,
            publisher="Microsoft.Azure.Monitor",
            kind=kind,
            version="1.33",
            settings=None,
        )
        made.append(agent)
    if index % 6 == 0:
        script = {"fileUris": [], "commandToExecute": f"/opt/setup --host {index:05d}"}
        made.append(
            extension(
                parent,
                machines.location,
                "bootstrap",
                publisher="Microsoft.Azure.Extensions",
                kind="CustomScript",
                version="2.1",
                settings=script,
            )
        )
    return made


def _run_commands(machines: Machines, index: int, parent: str) -> list[Resource]:
    if index % 20 != 2:  # noqa: PLR2004 - some machine that is neither the first nor a legacy one
        return []
    return [run_command(parent, machines.location, "rotate-logs", "logrotate -f /etc/app", None)]
