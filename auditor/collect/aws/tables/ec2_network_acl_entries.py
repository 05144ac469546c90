"""EC2 network ACL entries: one row per entry, the atoms that are tried in order of their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.aws.network_acls import entry_line, entry_values
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

_OF_THE_ACL = ("NetworkAclId", "OwnerId", "VpcId")


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each entry of each network ACL, with what it needs to know of the ACL."""
    for acl in scope.pages("DescribeNetworkAcls", "NetworkAcls", MaxResults=1000):
        known = {key: acl[key] for key in _OF_THE_ACL if key in acl}
        for entry in acl.get("Entries") or ():
            yield {**entry, **known}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one entry; its number is unique for each direction of an ACL."""
    acl_id = raw["NetworkAclId"]
    arn = ec2_arn(scope, "network-acl", acl_id, account=raw.get("OwnerId") or "")
    way = "egress" if raw["Egress"] else "ingress"
    return {
        **ec2_common(scope, f"{arn}/{way}/{raw['RuleNumber']}", raw),
        "network_acl_id": acl_id,
        "network_acl_arn": arn,
        "vpc_id": raw.get("VpcId"),
        **entry_values(raw),
        "rule": entry_line(raw),
    }


TABLE = ResourceTable(
    title="EC2 network ACL entries",
    description="Single entries of network ACLs: direction, number, action, protocol and peer.",
    columns=(
        text("network_acl_id", "Network ACL that it is part of."),
        text("network_acl_arn", "resource_id of that network ACL."),
        text("vpc_id", "VPC of that network ACL."),
        integer("rule_number", "Lower numbers are tried first."),
        boolean("is_egress", "True for traffic that leaves, false for traffic that comes in."),
        text("action", "allow or deny."),
        text("ip_protocol", "tcp, udp, icmp, icmpv6, -1 for everything, else a number."),
        integer("from_port", "First destination port; nothing where ports do not apply."),
        integer("to_port", "Last destination port; nothing where ports do not apply."),
        integer("icmp_type", "ICMP type; -1 is all."),
        integer("icmp_code", "ICMP code; -1 is all."),
        text("cidr_ipv4", "Peer as an IPv4 network."),
        text("cidr_ipv6", "Peer as an IPv6 network."),
        boolean("is_default_entry", "Whether it is the `*` entry, which denies what is left."),
        text("rule", "The entry in one line, such as `ingress 100 deny tcp/22 from 0.0.0.0/0`."),
    ),
    permissions=("ec2:DescribeNetworkAcls",),
    fetch=fetch,
    transform=transform,
    owner="network_acl_arn",
)
