"""What else lies on the paths of a region: prefix lists, endpoints, flow logs, addresses, keys."""

from __future__ import annotations

import base64
import hashlib

from auditor.simcloud.aws import firewall
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.interfaces import interface
from auditor.simcloud.aws.machines import Machines
from auditor.simcloud.aws.seeding import ENVIRONMENTS, PUBLIC_SUBNETS, Seeded
from auditor.simcloud.aws.wire import Resource


def fill(region: Region, seeded: Seeded, *, partner: int) -> None:
    """Add what lies on the paths; the first service group is also used in the VPC `partner`."""
    _prefix_lists(region, seeded)
    _connect_endpoint(region, seeded)
    for vpc in range(seeded.vpcs):
        _flow_log(region, seeded, vpc)
    group = seeded.id("sg", seeded.group_index(0, 1))
    vpc_id = seeded.id("vpc", partner)
    region.group_associations.add(
        f"{group}/{vpc_id}",
        {
            "groupId": group,
            "vpcId": vpc_id,
            "vpcOwnerId": seeded.account,
            "state": "associated",
            "groupOwnerId": seeded.account,
        },
    )


def fill_addresses(region: Region, machines: Machines) -> None:
    """Add the elastic addresses of instances, and one that is attached to nothing."""
    hosts = [i for i in range(machines.count) if machines.is_elastic(i)]
    ids = [machines.id("eipalloc", index) for index in hosts]
    if machines.count:
        ids.append(machines.id("eipalloc", machines.count))
        hosts.append(machines.count)
    region.addresses.fill(ids, lambda index: _address(machines, hosts[index]))


def _address(machines: Machines, index: int) -> Resource:
    address: Resource = {
        "allocationId": machines.id("eipalloc", index),
        "domain": "vpc",
        "tagSet": [],
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": machines.region,
        "publicIp": machines.public_address(index),
    }
    if index == machines.count:
        return address
    card = interface(machines, index)
    return address | {
        "associationId": card["association"]["associationId"],
        "networkInterfaceId": card["networkInterfaceId"],
        "networkInterfaceOwnerId": machines.account,
        "privateIpAddress": card["privateIpAddress"],
        "instanceId": card["attachment"]["instanceId"],
    }


def fill_keys(region: Region, seeded: Seeded) -> None:
    """Add the key pairs of the instances that are not in a scaling group."""
    for number, environment in enumerate(ENVIRONMENTS):
        created = seeded.time("key", number, first=-60, days=60)
        add_key(region, seeded.id("key", number), f"ops-{environment}", created)


def add_key(region: Region, key_id: str, name: str, created: str) -> None:
    """List a key pair."""
    digest = hashlib.sha256(f"{region.account}/{region.name}/{name}".encode()).digest()
    region.key_pairs.add(
        name,
        {
            "keyPairId": key_id,
            "keyType": "ed25519",
            "tagSet": [],
            "createTime": created,
            "keyName": name,
            "keyFingerprint": base64.b64encode(digest).decode(),
        },
    )


def _prefix_lists(region: Region, seeded: Seeded) -> None:
    own = seeded.id("pl", 0)
    lists = {
        firewall.S3_LIST: (
            f"com.amazonaws.{region.name}.s3",
            "AWS",
            ("52.216.0.0/15", "54.231.0.0/16"),
        ),
        own: ("office-networks", seeded.account, firewall.OFFICES),
    }
    for list_id, (name, owner, blocks) in lists.items():
        arn = region.arn("prefix-list", list_id)
        customer = {"maxEntries": 20, "version": 1} if owner != "AWS" else {}
        region.prefix_lists.add(
            list_id,
            {
                "prefixListId": list_id,
                "addressFamily": "IPv4",
                "state": "create-complete",
                "prefixListArn": arn if customer else arn.replace(seeded.account, "aws"),
                "prefixListName": name,
                **customer,
                "tagSet": [],
                "ownerId": owner,
            },
        )
        for block in blocks:
            entry = {"cidr": block} | ({"description": "office"} if customer else {})
            region.prefix_entries.add(f"{list_id}/{block}", entry)


def _flow_log(region: Region, seeded: Seeded, vpc: int) -> None:
    log_id = seeded.id("fl", vpc)
    group = f"vpc-flow-{vpc + 1}"
    region.flow_logs.add(
        log_id,
        {
            "creationTime": seeded.time("flow-log", vpc, first=-60, days=60),
            "deliverLogsPermissionArn": f"arn:aws:iam::{seeded.account}:role/flow-logs",
            "deliverLogsStatus": "SUCCESS",
            "flowLogId": log_id,
            "flowLogStatus": "ACTIVE",
            "logGroupName": group,
            "resourceId": seeded.id("vpc", vpc),
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": f"arn:aws:logs:{region.name}:{seeded.account}:log-group:{group}",
            "logFormat": "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${action}",
            "tagSet": [],
            "maxAggregationInterval": 600,
        },
    )


def _connect_endpoint(region: Region, seeded: Seeded) -> None:
    endpoint_id = seeded.id("eice", 0)
    subnet = PUBLIC_SUBNETS
    region.connect_endpoints.add(
        endpoint_id,
        {
            "ownerId": seeded.account,
            "instanceConnectEndpointId": endpoint_id,
            "instanceConnectEndpointArn": region.arn("instance-connect-endpoint", endpoint_id),
            "state": "create-complete",
            "stateMessage": "",
            "dnsName": f"{endpoint_id}.ec2-instance-connect-endpoint.{region.name}.amazonaws.com",
            "networkInterfaceIdSet": [],
            "vpcId": seeded.id("vpc", 0),
            "availabilityZone": seeded.zone(subnet),
            "createdAt": seeded.time("eice", 0, first=-60, days=60),
            "subnetId": seeded.id("subnet", subnet),
            "preserveClientIp": True,
            "securityGroupIdSet": [seeded.id("sg", seeded.group_index(0, 0))],
            "tagSet": [],
            "availabilityZoneId": seeded.zone_id(subnet),
        },
    )
