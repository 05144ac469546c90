"""EC2 Instance Connect Endpoints: one row each; a way to instances without public addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each endpoint."""
    yield from scope.pages(
        "DescribeInstanceConnectEndpoints", "InstanceConnectEndpoints", MaxResults=50
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one endpoint."""
    endpoint_id, owner = raw["InstanceConnectEndpointId"], raw.get("OwnerId") or ""
    arn = raw.get("InstanceConnectEndpointArn") or ec2_arn(
        scope, "instance-connect-endpoint", endpoint_id, account=owner
    )
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": endpoint_id,
        "endpoint_id": endpoint_id,
        "owner_id": raw.get("OwnerId"),
        "state": raw.get("State"),
        "state_message": raw.get("StateMessage"),
        "vpc_id": raw.get("VpcId"),
        "subnet_id": raw.get("SubnetId"),
        "availability_zone": raw.get("AvailabilityZone"),
        "security_group_ids": sorted_set(raw.get("SecurityGroupIds") or ()),
        "network_interface_ids": sorted_set(raw.get("NetworkInterfaceIds") or ()),
        "preserve_client_ip": raw.get("PreserveClientIp"),
        "ip_address_type": raw.get("IpAddressType"),
        "dns_name": raw.get("DnsName"),
        "created_at": raw.get("CreatedAt"),
    }


TABLE = ResourceTable(
    title="EC2 Instance Connect Endpoints",
    description="Ways from outside to instances that have no public address.",
    columns=(
        text("endpoint_id", "Id of the endpoint."),
        text("owner_id", "Account that owns it."),
        text("state", "create-in-progress, create-complete, delete-complete and so on."),
        text("state_message", "What the service says about it.", volatile=True),
        text("vpc_id", "VPC that it leads into."),
        text("subnet_id", "Subnet that it is in."),
        text("availability_zone", "Availability zone."),
        strings("security_group_ids", "Security groups that filter its traffic to instances."),
        strings("network_interface_ids", "Its network interfaces."),
        boolean("preserve_client_ip", "Whether instances see the address of the client."),
        text("ip_address_type", "ipv4, dualstack or ipv6."),
        text("dns_name", "Name that it is reached under."),
        timestamp("created_at", "When it was created."),
    ),
    permissions=("ec2:DescribeInstanceConnectEndpoints",),
    fetch=fetch,
    transform=transform,
    gone={"state": ("create-failed", "delete-complete")},
)
