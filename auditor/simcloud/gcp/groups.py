"""Instance templates, managed instance groups and their members, and machine images."""

from __future__ import annotations

from auditor.simcloud.gcp.estate import Project
from auditor.simcloud.gcp.instances import SHIELDED, STANDARD
from auditor.simcloud.gcp.machines import CORE, SCOPES, Machines, metadata, tags
from auditor.simcloud.gcp.seeding import region_of
from auditor.simcloud.gcp.wire import Resource, fingerprint

VERSIONS = (2, 3)
"""Versions of each template that exist; groups run the last one."""
MACHINE_IMAGES = 2


def fill(project: Project, machines: Machines) -> None:
    """Make a managed instance group for each slot that is scaled, with its templates."""
    members: dict[int, list[str]] = {}
    for index in range(machines.count):
        slot = machines.slot(index)
        if machines.role(slot).scaled:
            members.setdefault(slot, []).append(machines.path(index))
    for slot, paths in members.items():
        for version in VERSIONS:
            path = machines.template_path(slot, version)
            project.templates.add(path, _template(machines, slot, path, version))
        group = machines.group_path(slot)
        project.members[group] = paths
        project.groups.add(group, _group(machines, slot, len(paths)))
    alone = [n for n in range(machines.count) if not machines.role(machines.slot(n)).scaled]
    for number, index in enumerate(alone[:MACHINE_IMAGES]):
        path = f"global/machineImages/before-upgrade-{machines.name(index)}"
        project.machine_images.add(path, _machine_image(project, machines, number, index))


def managed(project: Project, group: Resource, path: str) -> Resource:
    """Make a member of a group as listManagedInstances shows it."""
    instance = project.instances.get(path)
    return {
        "instance": instance["selfLink"],
        "id": instance["id"],
        "name": instance["name"],
        "instanceStatus": instance["status"],
        "targetStatus": "RUNNING",
        "currentAction": "NONE",
        "version": dict(group["versions"][0]),
    }


def _template(machines: Machines, slot: int, path: str, version: int) -> Resource:
    role = machines.role(slot)
    first = machines.first(slot)
    items = machines.role_metadata(role) | {"template-version": str(version)}
    card: Resource = {
        "kind": "compute#networkInterface",
        "network": machines.link(f"global/networks/{CORE}"),
        "name": "nic0",
    }
    made = {
        "kind": "compute#instanceTemplate",
        "id": machines.id("template", slot * 10 + version),
        "creationTimestamp": machines.time("template", slot, first=-40, days=20),
        "name": path.rpartition("/")[2],
        "description": "",
        "selfLink": machines.link(path),
        "properties": {
            "tags": {"items": machines.tags(role)},
            "machineType": machines.machine_type(first),
            "canIpForward": False,
            "networkInterfaces": [card],
            "disks": [_template_disk(machines, first)],
            "metadata": metadata([{"key": k, "value": v} for k, v in items.items()]),
            "serviceAccounts": [{"email": machines.account(role.service), "scopes": list(SCOPES)}],
            "scheduling": dict(STANDARD),
            "labels": machines.labels(slot),
            "shieldedInstanceConfig": dict(SHIELDED),
            "reservationAffinity": {"consumeReservationType": "ANY_RESERVATION"},
        },
    }
    scope = path.split("/instanceTemplates/", maxsplit=1)[0]
    if scope != "global":
        region = scope.partition("/")[2]
        made["region"] = machines.link(scope)
        card["subnetwork"] = machines.link(machines.subnet_path(CORE, region))
    return made


def _template_disk(machines: Machines, index: int) -> Resource:
    return {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": "READ_WRITE",
        "deviceName": "persistent-disk-0",
        "index": 0,
        "boot": True,
        "autoDelete": True,
        "initializeParams": {
            "sourceImage": machines.image(index)[0],
            "diskSizeGb": "20",
            "diskType": "pd-balanced",
        },
    }


def _group(machines: Machines, slot: int, size: int) -> Resource:
    path = machines.group_path(slot)
    scope, name = machines.group_scope(slot), path.rpartition("/")[2]
    template = machines.link(machines.template_path(slot))
    made = {
        "kind": "compute#instanceGroupManager",
        "id": machines.id("group", slot),
        "creationTimestamp": machines.time("group", slot, first=-20, days=20),
        "name": name,
        "description": "",
        "instanceTemplate": template,
        "versions": [{"instanceTemplate": template}],
        "instanceGroup": machines.link(f"{scope}/instanceGroups/{name}"),
        "baseInstanceName": machines.role(slot).name,
        "targetSize": size,
        "fingerprint": fingerprint([path, size]),
        "selfLink": machines.link(path),
        "currentActions": actions(size),
        "status": {
            "isStable": True,
            "versionTarget": {"isReached": True},
            "stateful": {"hasStatefulConfig": False, "perInstanceConfigs": {"allEffective": True}},
            "allInstancesConfig": {"effective": True},
        },
        "updatePolicy": {
            "type": "PROACTIVE" if machines.is_regional(slot) else "OPPORTUNISTIC",
            "minimalAction": "REPLACE",
            "maxSurge": {"fixed": 3, "calculated": 3},
            "maxUnavailable": {"fixed": 0, "calculated": 0},
            "replacementMethod": "SUBSTITUTE",
        },
        # NOTE: a group that says PAGELESS lists all its members at once, whatever is asked
        "listManagedInstancesResults": "PAGINATED" if machines.is_regional(slot) else "PAGELESS",
    }
    if not machines.is_regional(slot):
        return made | {"zone": machines.link(scope)}
    inside = [zone for zone in machines.zones if region_of(zone) == scope.partition("/")[2]]
    zones = [{"zone": machines.link(f"zones/{zone}")} for zone in inside]
    spread = {"zones": zones, "targetShape": "EVEN"}
    return made | {"region": machines.link(scope), "distributionPolicy": spread}


def actions(size: int) -> Resource:
    """Return what a group that is at rest does to its members."""
    names = ("creating", "deleting", "recreating", "refreshing", "restarting", "abandoning")
    return {"none": size} | dict.fromkeys(names, 0)


def _machine_image(project: Project, machines: Machines, number: int, index: int) -> Resource:
    instance = project.instances.get(machines.path(index))
    name = f"before-upgrade-{machines.name(index)}"
    copied = ("canIpForward", "labels", "metadata", "scheduling", "serviceAccounts")
    properties = {member: instance[member] for member in copied}
    properties |= {
        "tags": tags(instance["tags"]["items"]),
        "machineType": instance["machineType"].rpartition("/")[2],
        "networkInterfaces": [
            {key: card[key] for key in ("kind", "network", "subnetwork", "name")}
            for card in instance["networkInterfaces"]
        ],
        "shieldedInstanceConfig": instance["shieldedInstanceConfig"],
    }
    return {
        "kind": "compute#machineImage",
        "id": machines.id("machine-image", number),
        "creationTimestamp": machines.time("machine-image", number, first=400, days=30),
        "name": name,
        "description": "",
        "selfLink": machines.link(f"global/machineImages/{name}"),
        "sourceInstance": instance["selfLink"],
        "status": "READY",
        "instanceProperties": properties,
        "savedDisks": [
            {
                "kind": "compute#savedDisk",
                "sourceDisk": disk["source"],
                "storageBytes": "739624000",
                "storageBytesStatus": "UP_TO_DATE",
            }
            for disk in instance["disks"]
        ],
        "storageLocations": ["us"],
        "totalStorageBytes": "739624000",
    }
