"""Attacks that end or undo: instances terminated, disks put back to an earlier state."""

from __future__ import annotations

from auditor.simcloud.aws import changes
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.events import ATTACKER, MOMENT, Principal, Trail
from auditor.simcloud.aws.scenarios.stage import Touched, acting


def terminate(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Terminate an instance of no scaling group: T1578.003; see `changes.terminate`."""
    with acting(estate, account, region, who, moment) as trail:
        instance_id = changes.pick(trail.region, lambda i: not changes.is_scaled(i), "of its own")
        cards, volumes = changes.terminate(trail, instance_id)
    return {"instances": [instance_id], "interfaces": cards, "volumes": volumes}


def take_snapshot(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Take a snapshot of a victim's disk and let another account have it: T1578.001, T1537."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        victim_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        source = changes.root_volume(here.instances.get(victim_id))
        snapshot_id = changes.create_snapshot(trail, source)
        stranger = {"userId": "999999999999"}
        here.sharing[snapshot_id] = [stranger]
        wanted = {
            "snapshotId": snapshot_id,
            "attributeType": "CREATE_VOLUME_PERMISSION",
            "createVolumePermission": {"add": {"items": [stranger]}},
        }
        trail.record("ModifySnapshotAttribute", wanted)
    return {"victims": [victim_id], "snapshots": [snapshot_id]}


def revert(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Put the root volume of an instance back to a snapshot of it: T1578.004.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html
    """
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        instance_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        old = changes.root_volume(here.instances.get(instance_id))
        snapshot_id = changes.create_snapshot(trail, old)
        new = _replace_root(trail, instance_id, snapshot_id)
    return {"instances": [instance_id], "snapshots": [snapshot_id], "volumes": [old, new]}


def _replace_root(trail: Trail, instance_id: str, snapshot_id: str) -> str:
    region = trail.region
    instance = region.instances.edit(instance_id)
    old = region.volumes.get(changes.root_volume(instance))
    volume_id = changes.add_volume(trail, snapshot_id, old)
    device = instance["rootDeviceName"]
    kept = [disk for disk in instance["blockDeviceMapping"] if disk["deviceName"] != device]
    instance["blockDeviceMapping"] = kept
    region.volumes.remove(old["volumeId"])
    changes.mount(trail, volume_id, instance_id, device)
    task = {"instanceId": instance_id, "snapshotId": snapshot_id, "taskState": "pending"}
    wanted = {
        "InstanceId": instance_id,
        "SnapshotId": snapshot_id,
        "DeleteReplacedRootVolume": True,
    }
    trail.record_nested("CreateReplaceRootVolumeTask", wanted, {"replaceRootVolumeTask": task})
    return volume_id
