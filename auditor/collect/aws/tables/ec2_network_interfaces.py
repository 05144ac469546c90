"""EC2 network interfaces: one row each, attached to an instance or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each network interface, those of managed resources too."""
    yield from scope.pages(
        "DescribeNetworkInterfaces",
        "NetworkInterfaces",
        IncludeManagedResources=True,
        MaxResults=1000,
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one network interface."""
    interface_id = raw["NetworkInterfaceId"]
    arn = ec2_arn(scope, "network-interface", interface_id, account=raw.get("OwnerId") or "")
    operator = raw.get("Operator") or {}
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": interface_id,
        "network_interface_id": interface_id,
        "owner_id": raw.get("OwnerId"),
        "description": raw.get("Description"),
        "interface_type": raw.get("InterfaceType"),
        "status": raw.get("Status"),
        "vpc_id": raw.get("VpcId"),
        "subnet_id": raw.get("SubnetId"),
        "availability_zone": raw.get("AvailabilityZone"),
        "security_group_ids": sorted_set(g.get("GroupId") for g in raw.get("Groups") or ()),
        "source_dest_check": raw.get("SourceDestCheck"),
        "deny_all_igw_traffic": raw.get("DenyAllIgwTraffic"),
        "mac_address": raw.get("MacAddress"),
        "requester_id": raw.get("RequesterId"),
        "requester_managed": raw.get("RequesterManaged"),
        "operator_managed": operator.get("Managed"),
        "operator_principal": operator.get("Principal"),
        **_attachment(raw.get("Attachment") or {}, scope),
        **_addresses(raw),
    }


def _attachment(attachment: Raw, scope: Scope) -> dict[str, Any]:
    """Return what the interface is attached to; services attach under names that are no account."""
    instance_id, owner = attachment.get("InstanceId"), attachment.get("InstanceOwnerId")
    account = owner if owner and owner.isdigit() else ""
    return {
        "instance_id": instance_id,
        "instance_arn": instance_id and ec2_arn(scope, "instance", instance_id, account=account),
        "instance_owner_id": owner,
        "device_index": attachment.get("DeviceIndex"),
        "network_card_index": attachment.get("NetworkCardIndex"),
        "delete_on_termination": attachment.get("DeleteOnTermination"),
        "attach_status": attachment.get("Status"),
        "attach_time": attachment.get("AttachTime"),
    }


def _addresses(raw: Raw) -> dict[str, Any]:
    private = raw.get("PrivateIpAddresses") or []
    links = [holder.get("Association") or {} for holder in (raw, *private)]
    public = sorted_set(link.get("PublicIp") for link in links)
    owned = [link for link in links if link.get("IpOwnerId") not in (None, "amazon")]
    ipv6 = [ip.get("Ipv6Address") for ip in raw.get("Ipv6Addresses") or ()]
    return {
        "private_ip": raw.get("PrivateIpAddress"),
        "private_ips": sorted_set(ip.get("PrivateIpAddress") for ip in private),
        "has_public_ip": bool(public),
        "public_ips": public,
        "elastic_ips": sorted_set(link.get("PublicIp") for link in owned),
        "has_ipv6": bool(sorted_set(ipv6) or raw.get("Ipv6Prefixes")),
        "ipv6_addresses": sorted_set(ipv6),
        "ipv4_prefixes": sorted_set(p.get("Ipv4Prefix") for p in raw.get("Ipv4Prefixes") or ()),
        "ipv6_prefixes": sorted_set(p.get("Ipv6Prefix") for p in raw.get("Ipv6Prefixes") or ()),
    }


TABLE = ResourceTable(
    title="EC2 network interfaces",
    description="Network cards of instances and of services, with groups and addresses.",
    columns=(
        text("network_interface_id", "Id of the interface."),
        text("owner_id", "Account that owns it."),
        text("description", "Text given at creation; services write what they use it for."),
        text("interface_type", "interface, or the service that it is for."),
        text("status", "available, associated, attaching, in-use or detaching.", volatile=True),
        text("vpc_id", "VPC that it is in."),
        text("subnet_id", "Subnet that it is in."),
        text("availability_zone", "Availability zone."),
        strings("security_group_ids", "Security groups that filter its traffic."),
        boolean("source_dest_check", "False if it may forward traffic of others."),
        boolean(
            "deny_all_igw_traffic", "Whether all traffic through internet gateways is blocked."
        ),
        text("mac_address", "Hardware address."),
        text("requester_id", "Who had it made, for interfaces of services."),
        boolean("requester_managed", "Whether an AWS service manages it."),
        boolean("operator_managed", "Whether a service provider manages it."),
        text("operator_principal", "Service provider that manages it."),
        text("instance_id", "Instance that it is attached to."),
        text("instance_arn", "resource_id of that instance."),
        text("instance_owner_id", "Account, or service, of that instance."),
        integer("device_index", "Position on the instance; 0 is the primary interface."),
        integer("network_card_index", "Network card on the instance."),
        boolean("delete_on_termination", "Whether it vanishes with the instance."),
        text("attach_status", "State of the attachment.", volatile=True),
        timestamp("attach_time", "When it was attached.", volatile=True),
        text("private_ip", "Primary private IPv4 address."),
        strings(
            "private_ips", "All private IPv4 addresses; containers come and go.", volatile=True
        ),
        boolean("has_public_ip", "Whether any of its addresses has a public IPv4 address."),
        strings("public_ips", "Public IPv4 addresses.", volatile=True),
        strings("elastic_ips", "Public IPv4 addresses that belong to an account."),
        boolean("has_ipv6", "Whether it has any IPv6 address or prefix."),
        strings("ipv6_addresses", "IPv6 addresses."),
        strings("ipv4_prefixes", "IPv4 prefixes delegated to it.", volatile=True),
        strings("ipv6_prefixes", "IPv6 prefixes delegated to it."),
    ),
    permissions=("ec2:DescribeNetworkInterfaces",),
    fetch=fetch,
    transform=transform,
    owner="instance_arn",
)
