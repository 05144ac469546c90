"""Instances deleted, put back, or in a group by their own account only; see `scenarios`."""

from __future__ import annotations

from auditor.simcloud.gcp import changes
from auditor.simcloud.gcp.churn import MOMENT, Touched
from auditor.simcloud.gcp.estate import Estate
from auditor.simcloud.gcp.events import CONSOLE, Actor

INTRUDER = Actor("temp-contractor@example.com", "198.51.100.77", CONSOLE, "beta")
"""Works in the console, whose calls are of the beta API."""


def delete_instance(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Delete an instance of no group: T1578.003."""
    with estate.lock:
        here = changes.site(estate, project, INTRUDER, moment)
        path = changes.pick(here, lambda _: True, "of its own")
        disks = changes.delete_instance(here, path)
    return {"instances": [path], "disks": disks}


def revert(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Start an instance from a disk made of a snapshot of its own: T1578.004."""
    with estate.lock:
        here = changes.site(estate, project, INTRUDER, moment)
        path = changes.pick(here, lambda i: len(i["disks"]) == 1, "with one disk")
        instance = here.project.instances.edit(path)
        old = here.project.path(instance["disks"][0]["source"])
        wanted = changes.unused(here.project.snapshots, "global/snapshots/before-change")
        snapshot = changes.create_snapshot(here, old, wanted)
        taken = here.project.snapshots.get(snapshot)
        origin = {"sourceSnapshot": taken["selfLink"], "sourceSnapshotId": taken["id"]}
        origin |= {"sizeGb": taken["diskSizeGb"]}
        new = changes.create_disk(here, changes.unused(here.project.disks, old), origin)
        _remove_boot_disk(here, path)
        changes.attach(here, path, new)
    return {"instances": [path], "disks": [old, new], "snapshots": [snapshot]}


def false_member(estate: Estate, project: str, *, moment: str = MOMENT) -> Touched:
    """Create an instance whose metadata says that a group made it, which knows nothing of it."""
    with estate.lock:
        here = changes.site(estate, project, INTRUDER, moment)
        model = changes.pick(here, lambda _: True, "of a group", scaled=True)
        path = changes.unused(here.project.instances, model)
        changes.launch(here, changes.model(here, model), path, {}, external=False)
    return {"instances": [path]}


def _remove_boot_disk(here: changes.Site, path: str) -> None:
    """Take the boot disk from an instance, and delete it."""
    instance = here.project.instances.edit(path)
    [disk] = instance["disks"]
    instance["disks"] = []
    request = {"deviceName": disk["deviceName"]}
    here.journal.write("instances.detachDisk", path, instance["id"], request)
    old = here.project.path(disk["source"])
    here.journal.write("disks.delete", old, here.project.disks.get(old)["id"])
    here.project.disks.remove(old)
