"""The instance as DescribeInstances shows it: every field the service usually returns."""

from __future__ import annotations

from itertools import chain

from auditor.simcloud.aws import interfaces, wire
from auditor.simcloud.aws.identities import iam_id, profile_arn
from auditor.simcloud.aws.machines import DATA, ROOT, Machines, Place
from auditor.simcloud.aws.wire import Resource

RUNNING: Resource = {"code": 16, "name": "running"}
STOPPED: Resource = {"code": 80, "name": "stopped"}
TERMINATED: Resource = {"code": 48, "name": "terminated"}
MANAGER = "eks.amazonaws.com"
RESERVATION = ("reservationId", "ownerId")
SHORT_ATTACHMENT = ("attachmentId", "deviceIndex", "status", "attachTime", "deleteOnTermination")


def instance(machines: Machines, index: int, *, managed: bool = False) -> Resource:
    """Make an instance, with what belongs to its reservation in front."""
    place = machines.place(index)
    type_, architecture = machines.kind(index)
    interface = interfaces.interface(machines, index)
    public_dns = interface.get("association", {}).get("publicDnsName", "")
    address = {"ipAddress": place.public} if place.public else {}
    return {
        "reservationId": machines.id("r", index // 4),
        "ownerId": machines.account,
        "instanceId": machines.id("i", index),
        "imageId": machines.id("ami", machines.image(index)),
        "instanceState": dict(RUNNING if place.running else STOPPED),
        "privateDnsName": interface["privateDnsName"],
        "dnsName": public_dns,
        "reason": "" if place.running else "User initiated (2026-01-12 09:30:11 GMT)",
        **({} if place.scaled else {"keyName": f"ops-{place.role.environment}"}),
        "amiLaunchIndex": index % 4,
        "productCodes": [],
        "instanceType": type_,
        "launchTime": machines.launched(index),
        "placement": _placement(machines, place),
        "monitoring": {"state": "enabled" if place.role.environment == "prod" else "disabled"},
        "subnetId": interface["subnetId"],
        "vpcId": interface["vpcId"],
        "privateIpAddress": place.address,
        **address,
        "sourceDestCheck": True,
        "groupSet": machines.groups(place),
        **_profile(machines, place),
        "architecture": architecture,
        "blockDeviceMapping": _disks(machines, index),
        "clientToken": f"{machines.number('token', index):016x}",
        "tagSet": machines.tags(index, place),
        "networkInterfaceSet": [embedded(interface)],
        **_platform(machines, index, place),
        "operator": operator(managed=managed),
    }


def operator(*, managed: bool) -> Resource:
    """Return who runs a resource: the account itself, or an AWS service for it."""
    if managed:
        return {"managed": True, "principal": MANAGER, "hiddenByDefault": True}
    return {"managed": False}


def embedded(interface: Resource) -> Resource:
    """Return an interface the way DescribeInstances embeds it: fewer fields, other shape."""
    kept = dict(interface)
    for name in ("availabilityZone", "requesterManaged", "tagSet"):
        kept.pop(name, None)
    attachment = interface["attachment"]
    kept["attachment"] = {name: attachment[name] for name in SHORT_ATTACHMENT}
    kept["attachment"]["networkCardIndex"] = 0
    association = interface.get("association")
    if association:
        names = ("publicIp", "publicDnsName", "ipOwnerId")
        short = {name: association[name] for name in names}
        kept["association"] = short
        kept["privateIpAddressesSet"] = [
            entry | ({"association": short} if "association" in entry else {})
            for entry in interface["privateIpAddressesSet"]
        ]
    return kept


def render(resource: Resource) -> bytes:
    """Render an instance behind the head of its reservation; `join` merges equal heads."""
    reservation = {name: resource[name] for name in RESERVATION} | {"groupSet": []}
    body = {name: value for name, value in resource.items() if name not in RESERVATION}
    head = f"<item>{wire.children(reservation)}<instancesSet>"
    return head.encode() + wire.item(body)


def join(fragments: list[bytes]) -> list[bytes]:
    """Put the instances of one reservation under one `<item>`, as the service does."""
    reservations: dict[bytes, list[bytes]] = {}
    for fragment in fragments:
        head, tag, body = fragment.partition(b"<instancesSet>")
        reservations.setdefault(head, [head, tag]).append(body)
    for parts in reservations.values():
        parts.append(b"</instancesSet></item>")
    return list(chain.from_iterable(reservations.values()))


def _placement(machines: Machines, place: Place) -> Resource:
    return {
        "availabilityZone": machines.zone(place.subnet),
        "availabilityZoneId": machines.zone_id(place.subnet),
        "groupName": "",
        "tenancy": "default",
    }


def _profile(machines: Machines, place: Place) -> Resource:
    if not machines.has_profile(place.unit):
        return {}
    account, name = machines.account, f"{place.role.service}-{place.role.environment}"
    ids = {"arn": profile_arn(account, name), "id": iam_id("AIPA", account, name)}
    return {"iamInstanceProfile": ids}


def _disks(machines: Machines, index: int) -> list[Resource]:
    volumes = [(ROOT, index)]
    if index in machines.data_volumes:
        volumes.append((DATA, machines.data_volumes[index]))
    return [
        {
            "deviceName": device,
            "ebs": {
                "volumeId": machines.id("vol", volume),
                "status": "attached",
                "attachTime": machines.launched(index),
                "deleteOnTermination": device == ROOT,
                "operator": {"managed": False},
            },
        }
        for device, volume in volumes
    ]


def _platform(machines: Machines, index: int, place: Place) -> Resource:
    return {
        "rootDeviceType": "ebs",
        "rootDeviceName": ROOT,
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "ebsOptimized": True,
        "enaSupport": True,
        "cpuOptions": {"coreCount": 1, "threadsPerCore": 2},
        "capacityReservationSpecification": {"capacityReservationPreference": "open"},
        "hibernationOptions": {"configured": False},
        "metadataOptions": {"state": "applied", **machines.metadata(place.unit)},
        "enclaveOptions": {"enabled": False},
        "bootMode": "uefi-preferred",
        "currentInstanceBootMode": "uefi" if place.running else "legacy-bios",
        "platformDetails": "Linux/UNIX",
        "usageOperation": "RunInstances",
        "usageOperationUpdateTime": machines.launched(index),
        "privateDnsNameOptions": {
            "hostnameType": "ip-name",
            "enableResourceNameDnsARecord": False,
            "enableResourceNameDnsAAAARecord": False,
        },
        "maintenanceOptions": {"autoRecovery": "default", "rebootMigration": "default"},
        "networkPerformanceOptions": {"bandwidthWeighting": "default"},
    }
