"""Attacks on instances, disks and snapshots."""

from __future__ import annotations

import base64
import copy

from auditor.simcloud.aws import (
    changes,
    identities,
    instances,
    interfaces,
    openings,
    records,
    storage,
)
from auditor.simcloud.aws.changes import Model
from auditor.simcloud.aws.estate import Estate, Region
from auditor.simcloud.aws.events import ATTACKER, MOMENT, REMOVED, Principal
from auditor.simcloud.aws.generator import make_region
from auditor.simcloud.aws.machines import Machines
from auditor.simcloud.aws.scenarios.stage import Touched, acting
from auditor.simcloud.aws.wire import Resource

KEY = "temp-key"


def snapshot_chain(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Copy a victim's disk into a new, reachable instance: T1578.002.

    A look at what is there, CreateSnapshot of the victim's root volume, CreateVolume from it, a
    new group with SSH open to the world, an instance in it with a public address in a public
    subnet, and AttachVolume.
    """
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        victim_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        victim = here.instances.get(victim_id)
        source = changes.root_volume(victim)
        trail.record("DescribeInstances", {"instancesSet": {}, "filterSet": {}}, read_only=True)
        snapshot_id = changes.create_snapshot(trail, source)
        volume_id = changes.create_volume(trail, snapshot_id, here.volumes.get(source))
        group_id = openings.create_group(trail, "launch-wizard-1", victim["vpcId"])
        rule_id = openings.open_to_world(trail, group_id, changes.SSH)
        openings.create_key(trail, KEY)
        group = {"groupId": group_id, "groupName": "launch-wizard-1"}
        subnet_id = openings.public_twin(here, victim["subnetId"])
        instance_id = changes.launch(trail, changes.like(here, victim_id), [group], subnet_id)
        _make_plain(here, instance_id)
        here.instances.edit(instance_id)["keyName"] = KEY
        interface_id = openings.set_public_address(here, instance_id)
        records.launched(trail, instance_id)
        root_id = changes.root_volume(here.instances.get(instance_id))
        changes.attach(trail, volume_id, instance_id, "/dev/sdg")
    return {
        "victims": [victim_id],
        "snapshots": [snapshot_id],
        "volumes": [volume_id, root_id],
        "groups": [group_id],
        "rules": [rule_id],
        "instances": [instance_id],
        "interfaces": [interface_id],
        "key_pairs": [KEY],
    }


def weaken_metadata(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Let an instance that required it answer metadata requests without a session token."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        instance_id = changes.pick(
            here, lambda i: i["metadataOptions"]["httpTokens"] == "required", "that needs IMDSv2"
        )
        options = here.instances.edit(instance_id)["metadataOptions"]
        options["httpTokens"] = "optional"
        trail.record_nested(
            "ModifyInstanceMetadataOptions",
            {"InstanceId": instance_id, "HttpTokens": "optional"},
            {"instanceId": instance_id, "instanceMetadataOptions": options | {"state": "pending"}},
        )
    return {"instances": [instance_id]}


def attach_role(
    estate: Estate,
    account: str,
    region: str,
    *,
    profile: str = identities.ADMIN,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Give an instance profile to an instance that had none."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        if profile not in estate.accounts[account].profiles:
            identities.add(estate.accounts[account], profile, [])
        instance_id = changes.pick(here, lambda i: "iamInstanceProfile" not in i, "without role")
        ids = {
            "arn": identities.profile_arn(account, profile),
            "id": identities.iam_id("AIPA", account, profile),
        }
        here.instances.edit(instance_id)["iamInstanceProfile"] = ids
        association = {
            "associationId": changes.fresh(here, "iip-assoc"),
            "instanceId": instance_id,
            "iamInstanceProfile": ids,
            "state": "associating",
        }
        wanted = {"InstanceId": instance_id, "IamInstanceProfile": {"Name": profile}}
        answer = {"iamInstanceProfileAssociation": association}
        trail.record_nested("AssociateIamInstanceProfile", wanted, answer)
    return {"instances": [instance_id]}


def change_user_data(
    estate: Estate,
    account: str,
    region: str,
    *,
    script: str = "#!/bin/sh\n/tmp/run\n",
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Stop an instance, put another script into its user data, and start it again."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        instance_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        encoded = base64.b64encode(script.encode()).decode()
        records.state_changed(trail, "StopInstances", instance_id, "running", "stopping")
        here.attributes.edit(instance_id)["userData"] = encoded
        wanted = {"instanceId": instance_id, "userData": REMOVED}
        trail.record("ModifyInstanceAttribute", wanted)
        records.state_changed(trail, "StartInstances", instance_id, "stopped", "pending")
        openings.restart(trail, instance_id)
    return {"instances": [instance_id]}


def share_snapshot_publicly(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Let everybody create volumes from an own snapshot, and lift the block that forbids it.

    Only an unencrypted snapshot can be made public
    (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html).
    """
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        for snapshot_id in here.snapshots.ids():
            snapshot = here.snapshots.get(snapshot_id)
            if not snapshot["encrypted"] and snapshot["volumeId"] in here.volumes:
                break
        else:
            raise LookupError(f"no unencrypted snapshot of a volume in {account}/{region}")
        here.settings["GetSnapshotBlockPublicAccessState"]["state"] = "unblocked"
        trail.record_nested("DisableSnapshotBlockPublicAccess", {}, {"state": "unblocked"})
        here.sharing[snapshot_id] = [{"group": "all"}]
        wanted = {
            "snapshotId": snapshot_id,
            "attributeType": "CREATE_VOLUME_PERMISSION",
            "createVolumePermission": {"add": {"items": [{"group": "all"}]}},
        }
        trail.record("ModifySnapshotAttribute", wanted)
    return {"snapshots": [snapshot_id]}


def mining_in_unused_region(
    estate: Estate,
    account: str,
    region: str,
    *,
    kind: str = "g5.12xlarge",
    count: int = 3,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Launch instances with accelerators in a region, after an attempt that meets a quota.

    A region that the account does not use yet is enabled, with nothing but networks in it.
    """
    machines = Machines(estate.seed, account, region, 0)
    with estate.lock:
        estate.accounts[account].regions.setdefault(region, make_region(machines))
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        model = _blank(estate.seed, here, kind)
        text = "You have requested more vCPU capacity than your current vCPU limit of 192 allows."
        greedy = model.instance | {"instanceType": "p4d.24xlarge"}
        trail.record(
            "RunInstances",
            records.launch_request(greedy, count),
            error=("Client.VcpuLimitExceeded", text),
        )
        groups = model.instance["groupSet"]
        ids = [changes.launch(trail, model, groups) for _ in range(count)]
        for id_ in ids:
            _make_plain(here, id_)
        cards = [openings.set_public_address(here, id_) for id_ in ids]
        records.launched(trail, *ids)
    return {"instances": ids, "interfaces": cards}


def _blank(seed: int, region: Region, kind: str) -> Model:
    """Return a model for a region that need not have any instance."""
    # NOTE: the second of two instances is the first that is in no scaling group
    machines, index = Machines(seed, region.account, region.name, 2), 1
    instance = copy.deepcopy(instances.instance(machines, index))
    default = machines.id("sg", machines.group_index(0, 0))
    instance |= {
        "instanceType": kind,
        "imageId": machines.id("ami", 0),
        "architecture": "x86_64",
        "groupSet": [{"groupId": default, "groupName": "default"}],
    }
    instance.pop("keyName", None)
    _strip(instance)
    return Model(
        instance,
        interfaces.interface(machines, index),
        machines.attributes(index),
        storage.volume(machines, index),
    )


def _make_plain(region: Region, instance_id: str) -> None:
    """Take from a new instance what a hasty launch by hand does not set."""
    _strip(region.instances.edit(instance_id))
    region.attributes.edit(instance_id).update(userData=None, disableApiTermination=False)


def _strip(instance: Resource) -> None:
    instance.pop("iamInstanceProfile", None)
    instance["tagSet"] = []
    instance["monitoring"] = {"state": "disabled"}
