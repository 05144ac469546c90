"""EC2 network ACLs: one row each; single entries are in `aws_ec2_network_acl_entries`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.aws.network_acls import entry_line, entry_values
from auditor.collect.table import Raw, ResourceTable, boolean, document, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each network ACL."""
    yield from scope.pages("DescribeNetworkAcls", "NetworkAcls", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one network ACL."""
    acl_id, entries = raw["NetworkAclId"], raw.get("Entries") or []
    arn = ec2_arn(scope, "network-acl", acl_id, account=raw.get("OwnerId") or "")
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": acl_id,
        "network_acl_id": acl_id,
        "vpc_id": raw.get("VpcId"),
        "owner_id": raw.get("OwnerId"),
        "is_default": raw.get("IsDefault"),
        "subnet_ids": sorted_set(a.get("SubnetId") for a in raw.get("Associations") or ()),
        "entries": sorted_set(entry_line(entry) for entry in entries),
        "rules": sorted((entry_values(entry) for entry in entries), key=_order),
    }


def _order(entry: dict[str, Any]) -> tuple[bool, int, str]:
    return entry["is_egress"], entry["rule_number"], str(entry["cidr_ipv6"])


TABLE = ResourceTable(
    title="EC2 network ACLs",
    description="Stateless packet filters of subnets; the first entry that matches decides.",
    columns=(
        text("network_acl_id", "Id of the network ACL."),
        text("vpc_id", "VPC that it belongs to."),
        text("owner_id", "Account that owns it."),
        boolean("is_default", "Whether new subnets of the VPC get it."),
        strings("subnet_ids", "Subnets whose traffic it filters."),
        strings(
            "entries", "Each entry in one line, such as `ingress 100 allow all from 0.0.0.0/0`."
        ),
        document("rules", "The entries with their fields, in the order in which they are tried."),
    ),
    permissions=("ec2:DescribeNetworkAcls",),
    fetch=fetch,
    transform=transform,
)
