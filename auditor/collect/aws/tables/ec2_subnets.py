"""EC2 subnets: one row each, with what instances get that are launched into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import associated, ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, integer, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each subnet."""
    yield from scope.pages("DescribeSubnets", "Subnets", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one subnet."""
    subnet_id, owner = raw["SubnetId"], raw.get("OwnerId") or ""
    names = raw.get("PrivateDnsNameOptionsOnLaunch") or {}
    arn = raw.get("SubnetArn") or ec2_arn(scope, "subnet", subnet_id, account=owner)
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": subnet_id,
        "subnet_id": subnet_id,
        "vpc_id": raw.get("VpcId"),
        "owner_id": raw.get("OwnerId"),
        "state": raw.get("State"),
        "cidr_block": raw.get("CidrBlock"),
        "ipv6_cidr_blocks": associated(raw, "Ipv6CidrBlock"),
        "ipv6_native": raw.get("Ipv6Native"),
        "availability_zone": raw.get("AvailabilityZone"),
        "availability_zone_id": raw.get("AvailabilityZoneId"),
        "default_for_az": raw.get("DefaultForAz"),
        "map_public_ip_on_launch": raw.get("MapPublicIpOnLaunch"),
        "assign_ipv6_address_on_creation": raw.get("AssignIpv6AddressOnCreation"),
        "map_customer_owned_ip_on_launch": raw.get("MapCustomerOwnedIpOnLaunch"),
        "customer_owned_ipv4_pool": raw.get("CustomerOwnedIpv4Pool"),
        "enable_dns64": raw.get("EnableDns64"),
        "private_dns_hostname_type": names.get("HostnameType"),
        "private_dns_a_record": names.get("EnableResourceNameDnsARecord"),
        "private_dns_aaaa_record": names.get("EnableResourceNameDnsAAAARecord"),
        "block_public_access": (raw.get("BlockPublicAccessStates") or {}).get(
            "InternetGatewayBlockMode"
        ),
        "outpost_arn": raw.get("OutpostArn"),
        "available_ip_address_count": raw.get("AvailableIpAddressCount"),
    }


TABLE = ResourceTable(
    title="EC2 subnets",
    description="Parts of VPCs, each in one zone, with one route table and one network ACL.",
    columns=(
        text("subnet_id", "Id of the subnet."),
        text("vpc_id", "VPC that it is part of."),
        text("owner_id", "Account that owns it; another one where it is shared."),
        text("state", "pending, available or unavailable.", volatile=True),
        text("cidr_block", "IPv4 network."),
        strings("ipv6_cidr_blocks", "IPv6 networks."),
        boolean("ipv6_native", "Whether it has no IPv4 at all."),
        text("availability_zone", "Availability zone, under the account's own name for it."),
        text("availability_zone_id", "Availability zone, under the name that all accounts share."),
        boolean("default_for_az", "Whether it is the default subnet of its zone."),
        boolean("map_public_ip_on_launch", "Whether instances get a public IPv4 address."),
        boolean("assign_ipv6_address_on_creation", "Whether interfaces get an IPv6 address."),
        boolean("map_customer_owned_ip_on_launch", "Whether interfaces get a customer address."),
        text("customer_owned_ipv4_pool", "Pool of those addresses."),
        boolean("enable_dns64", "Whether DNS makes up IPv6 addresses of IPv4 destinations."),
        text("private_dns_hostname_type", "What private names are made from."),
        boolean("private_dns_a_record", "Whether names by instance id resolve to IPv4."),
        boolean("private_dns_aaaa_record", "Whether names by instance id resolve to IPv6."),
        text("block_public_access", "off, block-ingress or block-bidirectional, as it applies."),
        text("outpost_arn", "Outpost that it is on."),
        integer("available_ip_address_count", "Free IPv4 addresses.", volatile=True),
    ),
    permissions=("ec2:DescribeSubnets",),
    fetch=fetch,
    transform=transform,
)
