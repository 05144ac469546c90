"""The filters of the Describe actions: names and the fields that they look at.

A filter looks at every resource of the list on every page, which is fine for a small estate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from auditor.simcloud.aws.wire import ApiError, Call, Resource

FILTERS: dict[str, dict[str, str]] = {
    "DescribeInstances": {
        "instance-id": "instanceId",
        "instance-state-name": "instanceState.name",
        "image-id": "imageId",
        "vpc-id": "vpcId",
        "subnet-id": "subnetId",
        "owner-id": "ownerId",
        "reservation-id": "reservationId",
        "instance.group-id": "groupSet.groupId",
    },
    "DescribeSecurityGroups": {
        "group-id": "groupId",
        "group-name": "groupName",
        "vpc-id": "vpcId",
    },
    "DescribeSecurityGroupRules": {
        "group-id": "groupId",
        "security-group-rule-id": "securityGroupRuleId",
    },
    "DescribeNetworkInterfaces": {
        "network-interface-id": "networkInterfaceId",
        "attachment.instance-id": "attachment.instanceId",
        "association.public-ip": "association.publicIp",
        "group-id": "groupSet.groupId",
        "vpc-id": "vpcId",
        "status": "status",
    },
    "DescribeVolumes": {
        "volume-id": "volumeId",
        "attachment.instance-id": "attachmentSet.instanceId",
        "snapshot-id": "snapshotId",
        "status": "status",
        "encrypted": "encrypted",
    },
    "DescribeSnapshots": {
        "snapshot-id": "snapshotId",
        "volume-id": "volumeId",
        "owner-id": "ownerId",
        "status": "status",
        "encrypted": "encrypted",
    },
    "DescribeImages": {
        "image-id": "imageId",
        "owner-id": "imageOwnerId",
        "name": "name",
        "state": "imageState",
        "is-public": "isPublic",
    },
    "DescribeVpcs": {
        "vpc-id": "vpcId",
        "cidr": "cidrBlock",
        "is-default": "isDefault",
        "state": "state",
    },
    "DescribeSubnets": {
        "subnet-id": "subnetId",
        "vpc-id": "vpcId",
        "availability-zone": "availabilityZone",
        "map-public-ip-on-launch": "mapPublicIpOnLaunch",
    },
    "DescribeRouteTables": {
        "route-table-id": "routeTableId",
        "vpc-id": "vpcId",
        "association.subnet-id": "associationSet.subnetId",
        "association.main": "associationSet.main",
        "route.gateway-id": "routeSet.gatewayId",
    },
    "DescribeNetworkAcls": {
        "network-acl-id": "networkAclId",
        "vpc-id": "vpcId",
        "association.subnet-id": "associationSet.subnetId",
        "default": "default",
    },
    "DescribeInternetGateways": {
        "internet-gateway-id": "internetGatewayId",
        "attachment.vpc-id": "attachmentSet.vpcId",
    },
    "DescribeVpcPeeringConnections": {
        "vpc-peering-connection-id": "vpcPeeringConnectionId",
        "accepter-vpc-info.vpc-id": "accepterVpcInfo.vpcId",
        "requester-vpc-info.vpc-id": "requesterVpcInfo.vpcId",
        "status-code": "status.code",
    },
    "DescribeManagedPrefixLists": {
        "owner-id": "ownerId",
        "prefix-list-id": "prefixListId",
        "prefix-list-name": "prefixListName",
    },
    "DescribeSecurityGroupVpcAssociations": {
        "group-id": "groupId",
        "vpc-id": "vpcId",
        "state": "state",
    },
    "DescribeAddresses": {
        "allocation-id": "allocationId",
        "instance-id": "instanceId",
        "network-interface-id": "networkInterfaceId",
        "public-ip": "publicIp",
    },
    "DescribeKeyPairs": {"key-name": "keyName", "key-pair-id": "keyPairId"},
    "DescribeLaunchTemplates": {"launch-template-name": "launchTemplateName"},
    "DescribeInstanceConnectEndpoints": {
        "instance-connect-endpoint-id": "instanceConnectEndpointId",
        "vpc-id": "vpcId",
        "subnet-id": "subnetId",
    },
    "DescribeFlowLogs": {"flow-log-id": "flowLogId", "resource-id": "resourceId"},
}


class Filter:
    """The filters of one call; a resource has to match one value of each."""

    def __init__(self, call: Call) -> None:
        self.wanted: list[tuple[str, list[str]]] = []
        known = FILTERS.get(call.action, {})
        number = 1
        while name := call.text(f"Filter.{number}.Name"):
            if name not in known and not name.startswith("tag:"):
                raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
            path = known.get(name, name)
            self.wanted.append((path, call.many(f"Filter.{number}.Value")))
            number += 1

    def __bool__(self) -> bool:
        return bool(self.wanted)

    def matches(self, resource: Resource) -> bool:
        """Tell whether a resource passes every filter; `*` and `?` are wildcards."""
        return all(
            any(fnmatchcase(value, pattern) for value in found(resource, path) for pattern in any_)
            for path, any_ in self.wanted
        )


def found(resource: Resource, path: str) -> list[str]:
    """Return the values at a dotted path or of a tag, as filters compare them."""
    if path.startswith("tag:"):
        tags = resource.get("tagSet", [])
        return [tag["value"] for tag in tags if tag["key"] == path[len("tag:") :]]
    return [
        str(value).lower() if isinstance(value, bool) else str(value)
        for value in _walk(resource, path.split("."))
    ]


def _walk(value: Any, names: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _walk(entry, names)
    elif not names:
        yield value
    elif isinstance(value, dict) and value.get(names[0]) is not None:
        yield from _walk(value[names[0]], names[1:])
