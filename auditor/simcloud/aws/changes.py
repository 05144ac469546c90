"""The steps that scenarios are made of; each leaves the region consistent.

The caller holds the lock of the estate.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence

from auditor.simcloud.aws import firewall, instances
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.wire import Resource

SSH = 22


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
    """Tell whether an instance belongs to an Auto Scaling group."""
    return any(tag["key"] == "aws:autoscaling:groupName" for tag in instance["tagSet"])


def root_volume(instance: Resource) -> str:
    """Return the volume that an instance starts from."""
    disks = {disk["deviceName"]: disk["ebs"] for disk in instance["blockDeviceMapping"]}
    return str(disks[instance["rootDeviceName"]]["volumeId"])


def create_snapshot(region: Region, volume_id: str, moment: str) -> str:
    """Take a snapshot of a volume; encrypted if the volume is."""
    volume = region.volumes.get(volume_id)
    snapshot_id = fresh(region, "snap")
    snapshot = {
        "snapshotId": snapshot_id,
        "volumeId": volume_id,
        "status": "completed",
        "startTime": moment,
        "completionTime": moment,
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
    return snapshot_id


def create_volume(region: Region, snapshot_id: str, like: str, moment: str) -> str:
    """Create a volume from a snapshot, in the zone of another one, attached to nothing."""
    model = copy.deepcopy(region.volumes.get(like))
    model.pop("kmsKeyId", None)
    volume_id = fresh(region, "vol")
    changes = {
        "volumeId": volume_id,
        "snapshotId": snapshot_id,
        "createTime": moment,
        "attachmentSet": [],
        "tagSet": [],
        "status": "available",
    }
    origin = region.snapshots.get(snapshot_id) if snapshot_id in region.snapshots else {}
    encryption = _encryption(origin or region.volumes.get(like))
    region.volumes.add(volume_id, model | changes | encryption)
    return volume_id


def attach(region: Region, volume_id: str, instance_id: str, device: str, moment: str) -> None:
    """Attach a volume; the root device goes when its instance does."""
    instance = region.instances.edit(instance_id)
    volume = region.volumes.edit(volume_id)
    with_instance = device == instance["rootDeviceName"]
    state = {"status": "attached", "attachTime": moment, "deleteOnTermination": with_instance}
    volume["status"] = "in-use"
    volume["attachmentSet"] = [
        {"volumeId": volume_id, "instanceId": instance_id, "device": device} | state
    ]
    disk = {"volumeId": volume_id, **state, "operator": {"managed": False}}
    instance["blockDeviceMapping"].append({"deviceName": device, "ebs": disk})


def create_group(region: Region, name: str, vpc_id: str) -> str:
    """Create a security group with the egress rules that every new group has."""
    group_id = fresh(region, "sg")
    firewall.add_group(
        region,
        {
            "ownerId": region.account,
            "groupId": group_id,
            "groupName": name,
            "groupDescription": name,
            "vpcId": vpc_id,
            "tagSet": [],
        },
    )
    peer = {"cidrIpv4": firewall.ANYWHERE}
    rule_id = fresh(region, "sgr")
    region.add_rule(firewall.rule(region, rule_id, group_id, firewall.ALL, peer, egress=True))
    return group_id


def open_to_world(region: Region, group_id: str, port: int) -> str:
    """Let all of the IPv4 internet reach a TCP port of a group's members."""
    peer = {"cidrIpv4": firewall.ANYWHERE}
    rule = firewall.rule(region, fresh(region, "sgr"), group_id, ("tcp", port, port), peer)
    return region.add_rule(rule)


def launch(region: Region, like: str, groups: Sequence[Resource], moment: str) -> str:
    """Launch an instance of the same make as another, without public address or data volumes."""
    instance = copy.deepcopy(region.instances.get(like))
    instance_id = fresh(region, "i")
    interface = _interface(region, instance, instance_id, groups, moment)
    root = root_volume(instance)
    for name in ("ipAddress", "reason"):
        instance.pop(name, None)
    instance |= {
        "reservationId": fresh(region, "r"),
        "instanceId": instance_id,
        "instanceState": dict(instances.RUNNING),
        "launchTime": moment,
        "usageOperationUpdateTime": moment,
        "clientToken": fresh(region, "token"),
        "amiLaunchIndex": 0,
        "dnsName": "",
        "privateDnsName": interface["privateDnsName"],
        "privateIpAddress": interface["privateIpAddress"],
        "groupSet": [dict(group) for group in groups],
        "networkInterfaceSet": [instances.embedded(interface)],
        "blockDeviceMapping": [],
    }
    region.instances.add(instance_id, instance)
    region.interfaces.add(interface["networkInterfaceId"], interface)
    region.attributes.add(instance_id, copy.deepcopy(region.attributes.get(like)))
    model = region.volumes.get(root)
    volume_id = create_volume(region, model["snapshotId"], root, moment)
    attach(region, volume_id, instance_id, instance["rootDeviceName"], moment)
    return instance_id


def set_public_address(region: Region, instance_id: str) -> str:
    """Give an instance a new public address from Amazon's pool, in place of any it has."""
    instance = region.instances.edit(instance_id)
    interface_id = str(instance["networkInterfaceSet"][0]["networkInterfaceId"])
    interface = region.interfaces.edit(interface_id)
    region.created += 1
    address = f"98.80.{region.created >> 8 & 0xFF}.{region.created & 0xFF}"
    name = f"ec2-{address.replace('.', '-')}.compute-1.amazonaws.com"
    if region.name != "us-east-1":
        name = name.replace("compute-1", f"{region.name}.compute")
    association = {"publicIp": address, "publicDnsName": name, "ipOwnerId": "amazon"}
    interface["association"] = association
    interface["privateIpAddressesSet"][0]["association"] = association
    instance["ipAddress"] = address
    instance["dnsName"] = name
    instance["networkInterfaceSet"] = [instances.embedded(interface)]
    return interface_id


def _encryption(origin: Resource) -> Resource:
    names = ("encrypted", "kmsKeyId", "sseType")
    return {name: origin[name] for name in names if name in origin}


def _interface(
    region: Region, model: Resource, instance_id: str, groups: Sequence[Resource], moment: str
) -> Resource:
    old = region.interfaces.get(model["networkInterfaceSet"][0]["networkInterfaceId"])
    interface = copy.deepcopy(old)
    interface.pop("association", None)
    interface_id = fresh(region, "eni")
    number = region.created
    # NOTE: the generator leaves the last three /24 of each /19 subnet free
    first, second, third, _ = old["privateIpAddress"].split(".")
    block = int(third) // 32 * 32 + 29 + (number >> 8) % 3
    address = f"{first}.{second}.{block}.{number & 0xFF}"
    dashed = address.replace(".", "-")
    dns = f"ip-{dashed}.{old['privateDnsName'].partition('.')[2]}"
    interface["attachment"] |= {
        "attachmentId": fresh(region, "eni-attach"),
        "instanceId": instance_id,
        "attachTime": moment,
    }
    primary = {"privateIpAddress": address, "privateDnsName": dns, "primary": True}
    return interface | {
        "networkInterfaceId": interface_id,
        "macAddress": f"0a:ff:{number >> 24 & 0xFF:02x}:{number >> 16 & 0xFF:02x}"
        f":{number >> 8 & 0xFF:02x}:{number & 0xFF:02x}",
        "groupSet": [dict(group) for group in groups],
        "privateIpAddress": address,
        "privateDnsName": dns,
        "privateIpAddressesSet": [primary],
    }
