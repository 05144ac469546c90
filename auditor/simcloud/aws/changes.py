"""The steps on instances and disks that scenarios are made of; each keeps the region consistent.

The caller holds the lock of the estate. A step records what CloudTrail would, but a launch is
recorded once the instance is complete.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditor.simcloud.aws import instances, records
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.events import Trail
from auditor.simcloud.aws.wire import Resource

SSH = 22
LINKED = ("associationId", "networkInterfaceId", "networkInterfaceOwnerId", "instanceId")
"""What an elastic address loses when its instance goes."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a new instance is made like."""

    instance: Resource
    interface: Resource
    attributes: Resource
    volume: Resource


def fresh(region: Region, kind: str) -> str:
    """Return an id that nothing in the region has yet; the same one in the same situation."""
    region.created += 1
    text = f"{region.account}/{region.name}/{kind}/{region.created}"
    return f"{kind}-0{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def pick(region: Region, wanted: Callable[[Resource], bool], what: str) -> str:
    """Return the first running instance of the account's own that fits."""
    for id_ in region.instances.ids(managed=False):
        instance = region.instances.get(id_)
        if instance["instanceState"]["name"] == "running" and wanted(instance):
            return id_
    raise LookupError(f"no running instance {what} in {region.account}/{region.name}")


def is_scaled(instance: Resource) -> bool:
    """Tell whether an instance is tagged as one of an Auto Scaling group."""
    return any(tag["key"] == "aws:autoscaling:groupName" for tag in instance["tagSet"])


def root_volume(instance: Resource) -> str:
    """Return the volume that an instance starts from."""
    disks = {disk["deviceName"]: disk["ebs"] for disk in instance["blockDeviceMapping"]}
    return str(disks[instance["rootDeviceName"]]["volumeId"])


def like(region: Region, instance_id: str) -> Model:
    """Return the model for an instance of the same make as another."""
    instance = region.instances.get(instance_id)
    card = instance["networkInterfaceSet"][0]["networkInterfaceId"]
    return Model(
        instance,
        region.interfaces.get(card),
        region.attributes.get(instance_id),
        region.volumes.get(root_volume(instance)),
    )


def create_snapshot(trail: Trail, volume_id: str) -> str:
    """Take a snapshot of a volume; encrypted if the volume is."""
    region = trail.region
    volume = region.volumes.get(volume_id)
    snapshot_id = fresh(region, "snap")
    snapshot = {
        "snapshotId": snapshot_id,
        "volumeId": volume_id,
        "status": "completed",
        "startTime": trail.moment,
        "completionTime": trail.moment,
        "progress": "100%",
        "ownerId": region.account,
        "volumeSize": volume["size"],
        "description": "",
        "tagSet": [],
        **_encryption(volume),
        "storageTier": "standard",
        "transferType": "standard",
    }
    region.snapshots.add(snapshot_id, snapshot)
    answer = {
        "snapshotId": snapshot_id,
        "volumeId": volume_id,
        "status": "pending",
        "startTime": trail.millis,
        "ownerId": region.account,
        "volumeSize": str(volume["size"]),
        "encrypted": snapshot["encrypted"],
    }
    trail.record("CreateSnapshot", {"volumeId": volume_id}, answer)
    return snapshot_id


def create_volume(trail: Trail, snapshot_id: str, model: Resource) -> str:
    """Create a volume from a snapshot, in the zone of another one, attached to nothing."""
    volume_id = add_volume(trail, snapshot_id, model)
    volume = trail.region.volumes.get(volume_id)
    wanted = {"snapshotId": snapshot_id, "zone": volume["availabilityZone"], "volumeType": "gp3"}
    answer = wanted | {
        "volumeId": volume_id,
        "size": str(volume["size"]),
        "status": "creating",
        "createTime": trail.millis,
        "encrypted": volume["encrypted"],
    }
    trail.record("CreateVolume", wanted, answer)
    return volume_id


def attach(trail: Trail, volume_id: str, instance_id: str, device: str) -> None:
    """Attach a volume to an instance."""
    mount(trail, volume_id, instance_id, device)
    wanted = {"volumeId": volume_id, "instanceId": instance_id, "device": device}
    answer = wanted | {"status": "attaching", "attachTime": trail.millis}
    trail.record("AttachVolume", wanted | {"deleteOnTermination": False}, answer)


def launch(
    trail: Trail, model: Model, groups: Sequence[Resource], subnet_id: str | None = None
) -> str:
    """Launch an instance without public address or data volumes; see `records.launched`."""
    region = trail.region
    instance = copy.deepcopy(model.instance)
    instance_id = fresh(region, "i")
    interface = _interface(trail, model, instance_id, groups, subnet_id)
    for name in ("ipAddress", "reason"):
        instance.pop(name, None)
    instance |= {
        "reservationId": fresh(region, "r"),
        "instanceId": instance_id,
        "instanceState": dict(instances.RUNNING),
        "launchTime": trail.moment,
        "usageOperationUpdateTime": trail.moment,
        "clientToken": fresh(region, "token"),
        "amiLaunchIndex": 0,
        "dnsName": "",
        "subnetId": interface["subnetId"],
        "privateDnsName": interface["privateDnsName"],
        "privateIpAddress": interface["privateIpAddress"],
        "groupSet": [dict(group) for group in groups],
        "networkInterfaceSet": [instances.embedded(interface)],
        "blockDeviceMapping": [],
    }
    region.instances.add(instance_id, instance)
    region.interfaces.add(interface["networkInterfaceId"], interface)
    region.attributes.add(instance_id, copy.deepcopy(model.attributes))
    volume_id = add_volume(trail, model.volume["snapshotId"], model.volume)
    mount(trail, volume_id, instance_id, instance["rootDeviceName"])
    return instance_id


def terminate(trail: Trail, instance_id: str) -> tuple[list[str], list[str]]:
    """Terminate an instance: it stays listed for a while, without network and disks.

    Volumes that were to go with it go, others stay behind unattached. Returns the interfaces that
    are gone and the volumes that were attached.
    """
    region = trail.region
    if instance_id in region.members:
        region.remove_member(instance_id)
    instance = region.instances.edit(instance_id)
    interfaces = [str(i["networkInterfaceId"]) for i in instance["networkInterfaceSet"]]
    for interface_id in interfaces:
        region.interfaces.remove(interface_id)
    volumes = [_release(region, disk["ebs"]) for disk in instance["blockDeviceMapping"]]
    _unlink_address(region, instance_id)
    for name in ("subnetId", "vpcId", "privateIpAddress", "ipAddress"):
        instance.pop(name, None)
    code = "Client.UserInitiatedShutdown"
    moment = trail.moment[:19].replace("T", " ")
    instance |= {
        "instanceState": dict(instances.TERMINATED),
        "reason": f"User initiated ({moment} GMT)",
        "stateReason": {"code": code, "message": f"{code}: User initiated shutdown"},
        "privateDnsName": "",
        "dnsName": "",
        "groupSet": [],
        "networkInterfaceSet": [],
        "blockDeviceMapping": [],
    }
    records.state_changed(trail, "TerminateInstances", instance_id, "running", "shutting-down")
    return interfaces, volumes


def _encryption(origin: Resource) -> Resource:
    names = ("encrypted", "kmsKeyId", "sseType")
    return {name: origin[name] for name in names if name in origin}


def add_volume(trail: Trail, snapshot_id: str, like: Resource) -> str:
    """Add a volume of a snapshot, of the same make as another; attached to nothing."""
    region = trail.region
    model = copy.deepcopy(like)
    model.pop("kmsKeyId", None)
    volume_id = fresh(region, "vol")
    changes = {
        "volumeId": volume_id,
        "snapshotId": snapshot_id,
        "createTime": trail.moment,
        "attachmentSet": [],
        "tagSet": [],
        "status": "available",
    }
    own = snapshot_id in region.snapshots and snapshot_id != like["snapshotId"]
    encryption = _encryption(region.snapshots.get(snapshot_id) if own else like)
    region.volumes.add(volume_id, model | changes | encryption)
    return volume_id


def mount(trail: Trail, volume_id: str, instance_id: str, device: str) -> None:
    """Attach a volume; the root device goes when its instance does."""
    instance = trail.region.instances.edit(instance_id)
    volume = trail.region.volumes.edit(volume_id)
    with_instance = device == instance["rootDeviceName"]
    state = {
        "status": "attached",
        "attachTime": trail.moment,
        "deleteOnTermination": with_instance,
    }
    volume["status"] = "in-use"
    volume["attachmentSet"] = [
        {"volumeId": volume_id, "instanceId": instance_id, "device": device} | state
    ]
    disk = {"volumeId": volume_id, **state, "operator": {"managed": False}}
    instance["blockDeviceMapping"].append({"deviceName": device, "ebs": disk})


def _interface(
    trail: Trail,
    model: Model,
    instance_id: str,
    groups: Sequence[Resource],
    subnet_id: str | None,
) -> Resource:
    region, old = trail.region, model.interface
    interface = copy.deepcopy(old)
    interface.pop("association", None)
    interface_id = fresh(region, "eni")
    number = region.created
    subnet = region.subnets.get(subnet_id or old["subnetId"])
    # NOTE: the generator leaves the last three /24 of each /19 subnet free
    first, second, third, _ = subnet["cidrBlock"].split(".")
    block = int(third) + 29 + (number >> 8) % 3
    address = f"{first}.{second}.{block}.{number & 0xFF}"
    dashed = address.replace(".", "-")
    dns = f"ip-{dashed}.{old['privateDnsName'].partition('.')[2]}"
    interface["attachment"] |= {
        "attachmentId": fresh(region, "eni-attach"),
        "instanceId": instance_id,
        "attachTime": trail.moment,
    }
    primary = {"privateIpAddress": address, "privateDnsName": dns, "primary": True}
    return interface | {
        "networkInterfaceId": interface_id,
        "subnetId": subnet["subnetId"],
        "macAddress": f"0a:ff:{number >> 24 & 0xFF:02x}:{number >> 16 & 0xFF:02x}"
        f":{number >> 8 & 0xFF:02x}:{number & 0xFF:02x}",
        "groupSet": [dict(group) for group in groups],
        "privateIpAddress": address,
        "privateDnsName": dns,
        "privateIpAddressesSet": [primary],
    }


def _release(region: Region, disk: Resource) -> str:
    volume_id = str(disk["volumeId"])
    if disk["deleteOnTermination"]:
        region.volumes.remove(volume_id)
    else:
        region.volumes.edit(volume_id).update(status="available", attachmentSet=[])
    return volume_id


def _unlink_address(region: Region, instance_id: str) -> None:
    """Take the elastic address from an instance that goes, if it has one."""
    for id_ in region.addresses.ids():
        if region.addresses.get(id_).get("instanceId") == instance_id:
            address = region.addresses.edit(id_)
            for name in (*LINKED, "privateIpAddress"):
                del address[name]
            return
