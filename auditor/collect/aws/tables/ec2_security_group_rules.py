"""EC2 security group rules: one row per rule and peer, the atoms that AWS itself numbers.

`DescribeSecurityGroups` regroups the same rules from call to call; these rows do not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.aws.protocols import PROTOCOLS, protocol_name, service
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each rule of each security group."""
    yield from scope.pages("DescribeSecurityGroupRules", "SecurityGroupRules", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one rule."""
    rule_id, owner = raw["SecurityGroupRuleId"], raw.get("GroupOwnerId") or ""
    protocol = protocol_name(raw["IpProtocol"])
    # NOTE: with any other protocol all ports are allowed, whatever range the rule names.
    ranged = protocol in PROTOCOLS.values() and protocol != "-1"
    first, last = (raw.get("FromPort"), raw.get("ToPort")) if ranged else (None, None)
    group = raw.get("ReferencedGroupInfo") or {}
    peer = (
        raw.get("CidrIpv4")
        or raw.get("CidrIpv6")
        or raw.get("PrefixListId")
        or group.get("GroupId")
    )
    shown = f"{peer} ({group['UserId']})" if group.get("UserId") and peer else peer or "nowhere"
    way, toward = ("egress", "to") if raw["IsEgress"] else ("ingress", "from")
    return {
        **ec2_common(scope, ec2_arn(scope, "security-group-rule", rule_id, account=owner), raw),
        "incarnation_id": rule_id,
        "rule_id": rule_id,
        "group_id": raw["GroupId"],
        "group_arn": ec2_arn(scope, "security-group", raw["GroupId"], account=owner),
        "is_egress": raw["IsEgress"],
        "ip_protocol": protocol,
        "from_port": first,
        "to_port": last,
        "cidr_ipv4": raw.get("CidrIpv4"),
        "cidr_ipv6": raw.get("CidrIpv6"),
        "prefix_list_id": raw.get("PrefixListId"),
        "referenced_group_id": group.get("GroupId"),
        "referenced_group_user_id": group.get("UserId"),
        "referenced_vpc_id": group.get("VpcId"),
        "referenced_vpc_peering_connection_id": group.get("VpcPeeringConnectionId"),
        "referenced_peering_status": group.get("PeeringStatus"),
        "peer": peer,
        "rule": f"{way} {service(protocol, first, last)} {toward} {shown}",
        "description": raw.get("Description"),
    }


TABLE = ResourceTable(
    title="EC2 security group rules",
    description="Single permissions of security groups: direction, protocol, ports and one peer.",
    columns=(
        text("rule_id", "Id of the rule."),
        text("group_id", "Security group that it is part of."),
        text("group_arn", "resource_id of that group."),
        boolean("is_egress", "True for traffic that leaves, false for traffic that comes in."),
        text("ip_protocol", "tcp, udp, icmp, icmpv6, -1 for everything, else a number."),
        integer("from_port", "First port, or ICMP type; nothing where ports do not apply."),
        integer("to_port", "Last port, or ICMP code; nothing where ports do not apply."),
        text("cidr_ipv4", "Peer as an IPv4 network."),
        text("cidr_ipv6", "Peer as an IPv6 network."),
        text("prefix_list_id", "Peer as a prefix list."),
        text("referenced_group_id", "Peer as a security group: its members' private addresses."),
        text("referenced_group_user_id", "Account of that group."),
        text("referenced_vpc_id", "VPC of that group."),
        text("referenced_vpc_peering_connection_id", "Peering that the reference goes through."),
        text("referenced_peering_status", "State of that peering.", volatile=True),
        text("peer", "The peer, whichever kind it is of."),
        text("rule", "The rule in one line, such as `ingress tcp/22 from 0.0.0.0/0`."),
        text("description", "Text that people gave it."),
    ),
    permissions=("ec2:DescribeSecurityGroupRules",),
    fetch=fetch,
    transform=transform,
    owner="group_arn",
)
