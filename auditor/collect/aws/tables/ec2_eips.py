"""EC2 Elastic IP addresses: one row each, in use or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each Elastic IP address; the listing has no pages."""
    yield from scope.call("DescribeAddresses").get("Addresses") or ()


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one address; those from before VPCs have no id but themselves."""
    allocation_id = raw.get("AllocationId") or raw["PublicIp"]
    return {
        **ec2_common(scope, ec2_arn(scope, "elastic-ip", allocation_id), raw),
        "incarnation_id": allocation_id,
        "allocation_id": raw.get("AllocationId"),
        "public_ip": raw.get("PublicIp"),
        "domain": raw.get("Domain"),
        "public_ipv4_pool": raw.get("PublicIpv4Pool"),
        "network_border_group": raw.get("NetworkBorderGroup"),
        "customer_owned_ip": raw.get("CustomerOwnedIp"),
        "customer_owned_ipv4_pool": raw.get("CustomerOwnedIpv4Pool"),
        "carrier_ip": raw.get("CarrierIp"),
        "service_managed": raw.get("ServiceManaged"),
        "is_associated": bool(raw.get("AssociationId") or raw.get("InstanceId")),
        "association_id": raw.get("AssociationId"),
        "instance_id": raw.get("InstanceId") or None,
        "network_interface_id": raw.get("NetworkInterfaceId"),
        "network_interface_owner_id": raw.get("NetworkInterfaceOwnerId"),
        "private_ip": raw.get("PrivateIpAddress"),
        "subnet_id": raw.get("SubnetId"),
    }


TABLE = ResourceTable(
    title="EC2 Elastic IP addresses",
    description="Public IPv4 addresses that the account keeps, and what they lead to.",
    columns=(
        text("allocation_id", "Id of the allocation."),
        text("public_ip", "The address."),
        text("domain", "vpc, or standard for addresses from before VPCs."),
        text("public_ipv4_pool", "Pool that it comes from: amazon, or one of the account."),
        text("network_border_group", "Zones that it is announced from."),
        text("customer_owned_ip", "Customer-owned address, on an Outpost."),
        text("customer_owned_ipv4_pool", "Pool of that address."),
        text("carrier_ip", "Carrier address, in a Wavelength zone."),
        text("service_managed", "Service that manages it: alb, nlb, rnat or rds."),
        boolean("is_associated", "Whether it leads to anything."),
        text("association_id", "Id of the association with an interface."),
        text("instance_id", "Instance that it leads to."),
        text("network_interface_id", "Network interface that it leads to."),
        text("network_interface_owner_id", "Account that owns that interface."),
        text("private_ip", "Private address that it leads to."),
        text("subnet_id", "Subnet that the service placed it in."),
    ),
    permissions=("ec2:DescribeAddresses",),
    fetch=fetch,
    transform=transform,
)
