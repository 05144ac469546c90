"""EC2 VPCs: one row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import associated, ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each VPC."""
    yield from scope.pages("DescribeVpcs", "Vpcs", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one VPC."""
    vpc_id, control = raw["VpcId"], raw.get("EncryptionControl") or {}
    return {
        **ec2_common(scope, ec2_arn(scope, "vpc", vpc_id, account=raw.get("OwnerId") or ""), raw),
        "incarnation_id": vpc_id,
        "vpc_id": vpc_id,
        "owner_id": raw.get("OwnerId"),
        "state": raw.get("State"),
        "is_default": raw.get("IsDefault"),
        "cidr_block": raw.get("CidrBlock"),
        "cidr_blocks": sorted_set([raw.get("CidrBlock"), *associated(raw, "CidrBlock")]),
        "ipv6_cidr_blocks": associated(raw, "Ipv6CidrBlock"),
        "instance_tenancy": raw.get("InstanceTenancy"),
        "dhcp_options_id": raw.get("DhcpOptionsId"),
        "block_public_access": (raw.get("BlockPublicAccessStates") or {}).get(
            "InternetGatewayBlockMode"
        ),
        "encryption_mode": control.get("Mode"),
        "encryption_state": control.get("State"),
        "encryption_exclusions": _excluded(control.get("ResourceExclusions") or {}),
    }


def _excluded(exclusions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the kinds of resource that may send unencrypted."""
    return sorted(
        name
        for name, exclusion in exclusions.items()
        if exclusion.get("State") in ("enabling", "enabled")
    )


TABLE = ResourceTable(
    title="EC2 VPCs",
    description="Virtual networks of an account in a region.",
    columns=(
        text("vpc_id", "Id of the VPC."),
        text("owner_id", "Account that owns it; another one where its subnets are shared."),
        text("state", "pending, available or deleting.", volatile=True),
        boolean("is_default", "Whether it is the default VPC of the region."),
        text("cidr_block", "Primary IPv4 network."),
        strings("cidr_blocks", "All IPv4 networks."),
        strings("ipv6_cidr_blocks", "IPv6 networks."),
        text("instance_tenancy", "Tenancy of instances that do not ask for one."),
        text("dhcp_options_id", "DHCP options: which DNS and time servers instances are told."),
        text("block_public_access", "off, block-ingress or block-bidirectional, as it applies."),
        text("encryption_mode", "Encryption in transit: monitor or enforce."),
        text("encryption_state", "Progress of the last change.", volatile=True),
        strings("encryption_exclusions", "Kinds of resource that may send unencrypted."),
    ),
    permissions=("ec2:DescribeVpcs",),
    fetch=fetch,
    transform=transform,
)
