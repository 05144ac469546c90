"""The Describe actions of EC2, one entry each: how it finds, names, pages and wraps resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.simcloud.aws import instances, templates
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.paging import EC2_LEAST, EC2_MOST
from auditor.simcloud.aws.wire import ApiError, Call


@dataclass(frozen=True, slots=True)
class Listing:
    """One Describe action."""

    element: str
    id_param: str
    """List parameter that names resources; empty for actions that take no ids."""
    missing: str
    """Error code for an id that does not exist."""
    collection: str
    foreign: str = ""
    """Collection of what others own, for actions that take `Owner.N`."""
    owner: str = "ownerId"
    managed: bool = False
    """Whether it hides what AWS services manage unless IncludeManagedResources is true."""
    join: Callable[[list[bytes]], list[bytes]] = list
    """Turns the fragments of a page into what goes between the tags of `element`."""
    least: int = EC2_LEAST
    most: int = EC2_MOST
    """Bounds of MaxResults."""
    paged: bool = True
    also: tuple[str, str] = ("", "")
    """A second list parameter that names resources, and the element that it looks at."""
    select: Callable[[Region, Call], list[str]] | None = None
    """For actions about a part of a collection: returns the ids that a call is about."""


def _entries(region: Region, call: Call) -> list[str]:
    list_id = call.text("PrefixListId")
    if list_id not in region.prefix_lists:
        text = f"The prefix list ID '{list_id}' does not exist"
        raise ApiError("InvalidPrefixListID.NotFound", text)
    return [id_ for id_ in region.prefix_entries.ids() if id_.startswith(f"{list_id}/")]


LISTINGS = {
    "DescribeInstances": Listing(
        "reservationSet",
        "InstanceId",
        "InvalidInstanceID.NotFound",
        "instances",
        managed=True,
        join=instances.join,
    ),
    "DescribeVolumes": Listing(
        "volumeSet", "VolumeId", "InvalidVolume.NotFound", "volumes", managed=True
    ),
    "DescribeNetworkInterfaces": Listing(
        "networkInterfaceSet",
        "NetworkInterfaceId",
        "InvalidNetworkInterfaceID.NotFound",
        "interfaces",
        managed=True,
    ),
    "DescribeSecurityGroups": Listing(
        "securityGroupInfo", "GroupId", "InvalidGroup.NotFound", "groups"
    ),
    "DescribeSecurityGroupRules": Listing(
        "securityGroupRuleSet",
        "SecurityGroupRuleId",
        "InvalidSecurityGroupRuleId.NotFound",
        "rules",
    ),
    "DescribeSnapshots": Listing(
        "snapshotSet",
        "SnapshotId",
        "InvalidSnapshot.NotFound",
        "snapshots",
        foreign="foreign_snapshots",
    ),
    "DescribeImages": Listing(
        "imagesSet",
        "ImageId",
        "InvalidAMIID.NotFound",
        "images",
        foreign="foreign_images",
        owner="imageOwnerId",
    ),
    "DescribeVpcs": Listing("vpcSet", "VpcId", "InvalidVpcID.NotFound", "vpcs"),
    "DescribeSubnets": Listing("subnetSet", "SubnetId", "InvalidSubnetID.NotFound", "subnets"),
    "DescribeRouteTables": Listing(
        "routeTableSet",
        "RouteTableId",
        "InvalidRouteTableID.NotFound",
        "route_tables",
        most=100,
    ),
    "DescribeNetworkAcls": Listing(
        "networkAclSet", "NetworkAclId", "InvalidNetworkAclID.NotFound", "acls"
    ),
    "DescribeInternetGateways": Listing(
        "internetGatewaySet",
        "InternetGatewayId",
        "InvalidInternetGatewayID.NotFound",
        "internet_gateways",
    ),
    "DescribeEgressOnlyInternetGateways": Listing(
        "egressOnlyInternetGatewaySet",
        "EgressOnlyInternetGatewayId",
        "InvalidGatewayID.NotFound",
        "egress_gateways",
        most=255,
    ),
    "DescribeVpcPeeringConnections": Listing(
        "vpcPeeringConnectionSet",
        "VpcPeeringConnectionId",
        "InvalidVpcPeeringConnectionID.NotFound",
        "peerings",
    ),
    "DescribeManagedPrefixLists": Listing(
        "prefixListSet",
        "PrefixListId",
        "InvalidPrefixListID.NotFound",
        "prefix_lists",
        least=1,
        most=100,
    ),
    "GetManagedPrefixListEntries": Listing(
        "entrySet", "", "", "prefix_entries", least=1, most=100, select=_entries
    ),
    "DescribeSecurityGroupVpcAssociations": Listing(
        "securityGroupVpcAssociationSet", "", "", "group_associations"
    ),
    "DescribeAddresses": Listing(
        "addressesSet",
        "AllocationId",
        "InvalidAllocationID.NotFound",
        "addresses",
        paged=False,
        also=("PublicIp", "publicIp"),
    ),
    "DescribeKeyPairs": Listing(
        "keySet",
        "KeyPairId",
        "InvalidKeyPair.NotFound",
        "key_pairs",
        paged=False,
        also=("KeyName", "keyName"),
    ),
    "DescribeLaunchTemplates": Listing(
        "launchTemplates",
        "LaunchTemplateId",
        "InvalidLaunchTemplateId.NotFound",
        "templates",
        least=1,
        most=200,
        also=("LaunchTemplateName", "launchTemplateName"),
    ),
    "DescribeLaunchTemplateVersions": Listing(
        "launchTemplateVersionSet",
        "",
        "",
        "template_versions",
        least=1,
        most=200,
        select=templates.wanted,
    ),
    "DescribeVpcBlockPublicAccessExclusions": Listing(
        "vpcBlockPublicAccessExclusionSet",
        "ExclusionId",
        "InvalidVpcBlockPublicAccessExclusionId.NotFound",
        "exclusions",
    ),
    "DescribeInstanceConnectEndpoints": Listing(
        "instanceConnectEndpointSet",
        "InstanceConnectEndpointId",
        "InvalidInstanceConnectEndpointId.NotFound",
        "connect_endpoints",
        least=1,
        most=50,
    ),
    "DescribeFlowLogs": Listing(
        "flowLogSet", "FlowLogId", "InvalidFlowLogId.NotFound", "flow_logs", least=1
    ),
}
