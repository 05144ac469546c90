"""What happens to an estate between two runs: attacks and benign churn, one function each.

Every scenario changes one region of one account, keeps it consistent, and returns the ids that it
touched by the kind of resource. Equal estates are changed equally.
"""

from __future__ import annotations

import base64
import random

from auditor.simcloud.aws import changes, instances
from auditor.simcloud.aws.estate import Estate, Region
from auditor.simcloud.aws.wire import Resource

Touched = dict[str, list[str]]
"""Collection of a region (`instances`, `volumes` and so on) -> ids that were added or changed."""

MOMENT = "2026-04-01T02:17:43.000Z"
"""When scenarios happen: after everything that the generator makes."""


def snapshot_chain(estate: Estate, account: str, region: str, *, moment: str = MOMENT) -> Touched:
    """Copy a victim's disk into a new, reachable instance: T1578.002.

    CreateSnapshot of the victim's root volume, CreateVolume from it, a new group with SSH open to
    the world, and an instance in it with a public address and the volume attached.
    """
    with estate.lock:
        here = estate.region(account, region)
        victim_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        victim = here.instances.get(victim_id)
        source = changes.root_volume(victim)
        snapshot_id = changes.create_snapshot(here, source, moment)
        volume_id = changes.create_volume(here, snapshot_id, source, moment)
        group_id = changes.create_group(here, "launch-wizard-1", victim["vpcId"])
        rule_id = changes.open_to_world(here, group_id, changes.SSH)
        group = {"groupId": group_id, "groupName": "launch-wizard-1"}
        instance_id = changes.launch(here, victim_id, [group], moment)
        _make_plain(here, instance_id)
        interface_id = changes.set_public_address(here, instance_id)
        root_id = changes.root_volume(here.instances.get(instance_id))
        changes.attach(here, volume_id, instance_id, "/dev/sdg", moment)
    return {
        "victims": [victim_id],
        "snapshots": [snapshot_id],
        "volumes": [volume_id, root_id],
        "groups": [group_id],
        "rules": [rule_id],
        "instances": [instance_id],
        "interfaces": [interface_id],
    }


def open_group(estate: Estate, account: str, region: str, *, port: int = changes.SSH) -> Touched:
    """Open a port to the world in the group of a running instance."""
    with estate.lock:
        here = estate.region(account, region)
        instance_id = changes.pick(here, lambda i: bool(i["groupSet"]), "in a group")
        group_id = here.instances.get(instance_id)["groupSet"][0]["groupId"]
        rule_id = changes.open_to_world(here, group_id, port)
    return {"groups": [group_id], "rules": [rule_id]}


def weaken_metadata(estate: Estate, account: str, region: str) -> Touched:
    """Let an instance that required it answer metadata requests without a session token."""
    with estate.lock:
        here = estate.region(account, region)
        instance_id = changes.pick(
            here, lambda i: i["metadataOptions"]["httpTokens"] == "required", "that needs IMDSv2"
        )
        here.instances.edit(instance_id)["metadataOptions"]["httpTokens"] = "optional"
    return {"instances": [instance_id]}


def attach_role(
    estate: Estate, account: str, region: str, *, profile: str = "admin-ops"
) -> Touched:
    """Give an instance profile to an instance that had none."""
    with estate.lock:
        here = estate.region(account, region)
        instance_id = changes.pick(here, lambda i: "iamInstanceProfile" not in i, "without role")
        here.instances.edit(instance_id)["iamInstanceProfile"] = {
            "arn": f"arn:aws:iam::{account}:instance-profile/{profile}",
            "id": f"AIPA{changes.fresh(here, 'profile')[-17:].upper()}",
        }
    return {"instances": [instance_id]}


def change_user_data(
    estate: Estate, account: str, region: str, *, script: str = "#!/bin/sh\n/tmp/run\n"
) -> Touched:
    """Put another script into the user data of an instance."""
    with estate.lock:
        here = estate.region(account, region)
        instance_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        encoded = base64.b64encode(script.encode()).decode()
        here.attributes.edit(instance_id)["userData"] = encoded
    return {"instances": [instance_id]}


def share_snapshot_publicly(estate: Estate, account: str, region: str) -> Touched:
    """Let everybody create volumes from an own snapshot, and lift the block that forbids it.

    Only an unencrypted snapshot can be made public
    (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html).
    """
    with estate.lock:
        here = estate.region(account, region)
        for snapshot_id in here.snapshots.ids():
            snapshot = here.snapshots.get(snapshot_id)
            if not snapshot["encrypted"] and snapshot["volumeId"] in here.volumes:
                break
        else:
            raise LookupError(f"no unencrypted snapshot of a volume in {account}/{region}")
        here.settings["GetSnapshotBlockPublicAccessState"]["state"] = "unblocked"
        here.sharing[snapshot_id] = [{"group": "all"}]
    return {"snapshots": [snapshot_id]}


def terminate(estate: Estate, account: str, region: str) -> Touched:
    """Terminate an instance: it stays listed for a while, without network and disks.

    Volumes that were to go with it go, others stay behind unattached.
    """
    with estate.lock:
        here = estate.region(account, region)
        instance_id = changes.pick(here, lambda _: True, "at all")
        instance = here.instances.edit(instance_id)
        interfaces = [i["networkInterfaceId"] for i in instance["networkInterfaceSet"]]
        for interface_id in interfaces:
            here.interfaces.remove(interface_id)
        volumes = [_release(here, disk["ebs"]) for disk in instance["blockDeviceMapping"]]
        for name in ("subnetId", "vpcId", "privateIpAddress", "ipAddress"):
            instance.pop(name, None)
        code = "Client.UserInitiatedShutdown"
        instance |= {
            "instanceState": dict(instances.TERMINATED),
            "reason": "User initiated (2026-04-01 02:17:43 GMT)",
            "stateReason": {"code": code, "message": f"{code}: User initiated shutdown"},
            "privateDnsName": "",
            "dnsName": "",
            "groupSet": [],
            "networkInterfaceSet": [],
            "blockDeviceMapping": [],
        }
    return {"instances": [instance_id], "interfaces": interfaces, "volumes": volumes}


def churn_public_addresses(estate: Estate, account: str, region: str) -> Touched:
    """Benign: stop and start an instance, which changes an address that is not elastic."""
    with estate.lock:
        here = estate.region(account, region)
        instance_id = changes.pick(here, _has_passing_address, "with a passing public address")
        interface_id = changes.set_public_address(here, instance_id)
    return {"instances": [instance_id], "interfaces": [interface_id]}


def rewrite_rules(estate: Estate, account: str, region: str) -> Touched:
    """Benign: delete and add again every rule, so that ids and order change and nothing else."""
    touched: Touched = {"groups": [], "rules": []}
    with estate.lock:
        here = estate.region(account, region)
        old = {group_id: list(ids) for group_id, ids in here.rules_of.items()}
        rules = {id_: here.rules.get(id_) for ids in old.values() for id_ in ids}
        here.clear_rules()
        for group_id, ids in old.items():
            touched["groups"].append(group_id)
            for id_ in reversed(ids):
                new = changes.fresh(here, "sgr")
                arn = here.arn("security-group-rule", new)
                named = {"securityGroupRuleId": new, "securityGroupRuleArn": arn}
                touched["rules"].append(here.add_rule(rules[id_] | named))
    return touched


def shuffle(
    estate: Estate, account: str, region: str, *, seed: int = 1, inside: int = 1000
) -> Touched:
    """Benign: list everything in another order, also inside the first `inside` instances."""
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    with estate.lock:
        here = estate.region(account, region)
        for instance_id in (touched := here.instances.ids()[:inside]):
            instance = here.instances.edit(instance_id)
            for name in ("tagSet", "groupSet", "blockDeviceMapping"):
                rng.shuffle(instance[name])
        for collection in here.collections:
            collection.shuffle(rng)
        for group_id, ids in here.rules_of.items():
            rng.shuffle(ids)
            here.groups.forget(group_id)
    return {"instances": touched}


def scale_out(
    estate: Estate, account: str, region: str, *, count: int = 2, moment: str = MOMENT
) -> Touched:
    """Benign: an Auto Scaling group launches more members."""
    with estate.lock:
        here = estate.region(account, region)
        model_id = changes.pick(here, changes.is_scaled, "of an Auto Scaling group")
        groups = here.instances.get(model_id)["groupSet"]
        added = [changes.launch(here, model_id, groups, moment) for _ in range(count)]
    return {"instances": added}


def _make_plain(region: Region, instance_id: str) -> None:
    """Take from a new instance what a hasty launch by hand does not set."""
    instance = region.instances.edit(instance_id)
    instance.pop("iamInstanceProfile", None)
    instance["tagSet"] = []
    instance["keyName"] = "temp-key"
    instance["monitoring"] = {"state": "disabled"}
    region.attributes.edit(instance_id).update(userData=None, disableApiTermination=False)


def _has_passing_address(instance: Resource) -> bool:
    association = instance["networkInterfaceSet"][0].get("association", {})
    return bool(association.get("ipOwnerId") == "amazon")


def _release(region: Region, disk: Resource) -> str:
    volume_id = str(disk["volumeId"])
    if disk["deleteOnTermination"]:
        region.volumes.remove(volume_id)
    else:
        region.volumes.edit(volume_id).update(status="available", attachmentSet=[])
    return volume_id
