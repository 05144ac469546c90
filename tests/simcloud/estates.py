"""What tests of the simulated AWS share: every list that it serves, and reading all of one."""

from __future__ import annotations

from typing import Any

LISTS = {
    # operation -> expression of the ids, collection of the region, name of the page size, size
    "describe_vpcs": ("Vpcs[].VpcId", "vpcs", 5),
    "describe_subnets": ("Subnets[].SubnetId", "subnets", 5),
    "describe_route_tables": ("RouteTables[].RouteTableId", "route_tables", 5),
    "describe_network_acls": ("NetworkAcls[].NetworkAclId", "acls", 5),
    "describe_internet_gateways": (
        "InternetGateways[].InternetGatewayId",
        "internet_gateways",
        5,
    ),
    "describe_egress_only_internet_gateways": (
        "EgressOnlyInternetGateways[].EgressOnlyInternetGatewayId",
        "egress_gateways",
        5,
    ),
    "describe_vpc_peering_connections": (
        "VpcPeeringConnections[].VpcPeeringConnectionId",
        "peerings",
        5,
    ),
    "describe_managed_prefix_lists": ("PrefixLists[].PrefixListId", "prefix_lists", 1),
    "describe_security_group_vpc_associations": (
        "SecurityGroupVpcAssociations[].join('/', [GroupId, VpcId])",
        "group_associations",
        5,
    ),
    "describe_addresses": ("Addresses[].AllocationId", "addresses", 0),
    "describe_key_pairs": ("KeyPairs[].KeyName", "key_pairs", 0),
    "describe_launch_templates": ("LaunchTemplates[].LaunchTemplateId", "templates", 3),
    "describe_vpc_block_public_access_exclusions": (
        "VpcBlockPublicAccessExclusions[].ExclusionId",
        "exclusions",
        0,
    ),
    "describe_instance_connect_endpoints": (
        "InstanceConnectEndpoints[].InstanceConnectEndpointId",
        "connect_endpoints",
        1,
    ),
    "describe_flow_logs": ("FlowLogs[].FlowLogId", "flow_logs", 1),
}
"""Operation of EC2 -> expression of its ids, collection that it lists, a page size or 0."""

SCALING_LISTS = {
    "describe_auto_scaling_groups": (
        "AutoScalingGroups[].AutoScalingGroupName",
        "scaling_groups",
        3,
    ),
    "describe_auto_scaling_instances": ("AutoScalingInstances[].InstanceId", "members", 50),
    "describe_launch_configurations": (
        "LaunchConfigurations[].LaunchConfigurationName",
        "launch_configurations",
        1,
    ),
}


def read(client: Any, operation: str, expression: str, size: int = 0, **asked: Any) -> list[Any]:
    """Return what an expression finds on all pages of an operation."""
    if not client.can_paginate(operation):
        import jmespath

        answer = getattr(client, operation)(**asked)
        assert "NextToken" not in answer
        return list(jmespath.search(expression, answer))
    config = {"PageSize": size} if size else {}
    pages = client.get_paginator(operation).paginate(PaginationConfig=config, **asked)
    return list(pages.search(expression))
