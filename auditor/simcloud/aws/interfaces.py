"""Network interfaces: one per instance, made from the index of the instance."""

from __future__ import annotations

from auditor.simcloud.aws.machines import Machines, Place
from auditor.simcloud.aws.seeding import SUBNETS
from auditor.simcloud.aws.wire import Resource


def interface(machines: Machines, index: int) -> Resource:
    """Make the network interface of an instance, as DescribeNetworkInterfaces shows it."""
    place = machines.place(index)
    dns = machines.dns(place.address, public=False)
    association = _association(machines, index, place)
    optional = {"association": association} if association else {}
    bits = machines.number("mac", index)
    mac = ":".join(f"{bits >> shift & 0xFF:02x}" for shift in (0, 8, 16, 24, 32))
    return {
        "networkInterfaceId": machines.id("eni", index),
        "subnetId": machines.id("subnet", place.vpc * SUBNETS + place.subnet),
        "vpcId": machines.id("vpc", place.vpc),
        "availabilityZone": machines.zone(place.subnet),
        "description": "",
        "ownerId": machines.account,
        "requesterManaged": False,
        "status": "in-use",
        "macAddress": f"0a:{mac}",
        "privateIpAddress": place.address,
        "privateDnsName": dns,
        "sourceDestCheck": True,
        "groupSet": machines.groups(place),
        "attachment": _attachment(machines, index),
        **optional,
        "tagSet": [],
        "privateIpAddressesSet": [
            {"privateIpAddress": place.address, "privateDnsName": dns, "primary": True} | optional
        ],
        "ipv6AddressesSet": [],
        "interfaceType": "interface",
        "operator": {"managed": False},
    }


def _association(machines: Machines, index: int, place: Place) -> Resource:
    if not place.public:
        return {}
    association = {
        "publicIp": place.public,
        "publicDnsName": machines.dns(place.public, public=True),
        "ipOwnerId": machines.account if place.elastic else "amazon",
    }
    if place.elastic:
        association["allocationId"] = machines.id("eipalloc", index)
        association["associationId"] = machines.id("eipassoc", index)
    return association


def _attachment(machines: Machines, index: int) -> Resource:
    return {
        "attachmentId": machines.id("eni-attach", index),
        "instanceId": machines.id("i", index),
        "instanceOwnerId": machines.account,
        "deviceIndex": 0,
        "networkCardIndex": 0,
        "status": "attached",
        "attachTime": machines.launched(index),
        "deleteOnTermination": True,
    }
