"""Security groups and network ACLs of AWS, with rules inline or as resources of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from auditor.proposals.kinds import SELF
from auditor.proposals.model import Proposal, Raw, objects, present, texts
from auditor.proposals.terraform.plan import Change, Plan
from auditor.proposals.terraform.reading import Reader, rule_proposals, unknowns

GROUPS = "aws_ec2_security_groups"
ACLS = "aws_ec2_network_acls"

_WAYS = {"ingress": False, "egress": True}
_PEERS = {
    "cidr_blocks": "CidrIpv4",
    "ipv6_cidr_blocks": "CidrIpv6",
    "prefix_list_ids": "PrefixListId",
}
_RULE = (*_PEERS, "self", "type", "protocol", "from_port", "to_port")
_SINGLE = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "ip_protocol", "from_port", "to_port")
_ENTRY = (
    "rule_number",
    "egress",
    "protocol",
    "rule_action",
    "cidr_block",
    "ipv6_cidr_block",
    "from_port",
    "to_port",
    "icmp_type",
    "icmp_code",
)


def _group(_: Plan, change: Change) -> Iterator[Proposal]:
    """Yield a group; what its rules are is computed where nobody writes them inline."""
    problems = () if change.is_gone else unknowns(change, _WAYS)
    if change.is_new and change.type == "aws_default_security_group":
        problems = (f"{change.address} takes over the group of a VPC: import it first", *problems)
    rules: list[Raw] = []
    for way, is_egress in _WAYS.items():
        blocks = [] if change.is_unknown(way) else change.after.get(way)
        for number, block in enumerate(objects(blocks, f"{change.where} {way}")):
            rules += _inline(block, is_egress, f"{change.address} {way}[{number}]", change)
    name = change.known("name") or change.known("name_prefix")
    yield Proposal(
        GROUPS,
        change.identity,
        change.where,
        name=name,
        new=_of_vpc(change, "GroupId", GroupName=name) if change.is_new else None,
        near=str(change.known("vpc_id") or ""),
        aliases=(change.address,),
        rules=tuple(rules),
        problems=problems,
    )


def _of_vpc(change: Change, key: str, **more: Any) -> Raw:
    return present({key: change.identity, "VpcId": change.known("vpc_id"), **more})


def _inline(block: Mapping[str, Any], is_egress: bool, rule_id: str, change: Change) -> list[Raw]:
    groups = texts(block.get("security_groups"), f"{change.where} security_groups")
    return _expanded(block, is_egress, rule_id, change, groups)


def _expanded(
    block: Mapping[str, Any], is_egress: bool, rule_id: str, change: Change, groups: list[str]
) -> list[Raw]:
    """Return a rule for each peer of a block."""
    common = {
        "SecurityGroupRuleId": rule_id,
        "IsEgress": is_egress,
        "IpProtocol": block.get("protocol"),
        **present({"FromPort": block.get("from_port"), "ToPort": block.get("to_port")}),
    }
    found: list[Raw] = [
        {**common, name: value}
        for key, name in _PEERS.items()
        for value in texts(block.get(key), f"{change.where} {key}")
    ]
    found += [{**common, "ReferencedGroupInfo": _referenced(group)} for group in groups]
    return [*found, {**common, SELF: True}] if block.get("self") else found


def _referenced(group: str) -> Raw:
    account, _, group_id = group.rpartition("/")
    return present({"GroupId": group_id, "UserId": account})


def _rule(plan: Plan, change: Change) -> Iterator[Proposal]:
    """Yield an `aws_security_group_rule`: one block of a group, with peers of one kind."""
    known = any(change.after.get(key) for key in (*_PEERS, "self"))
    change, problem = _with_group(plan, change, "source_security_group_id", ignored=known)

    def rules(values: Mapping[str, Any], change: Change) -> list[Raw]:
        group = values.get("source_security_group_id")
        is_self = group and group == values.get("security_group_id") and values.get("self")
        groups = [str(group)] if group and not is_self else []
        return _expanded(values, values.get("type") == "egress", change.address, change, groups)

    yield from _blocked(
        rule_proposals(plan, change, GROUPS, owner="security_group_id", matters=_RULE, rules=rules),
        problem,
    )


def _single(plan: Plan, change: Change, *, is_egress: bool) -> Iterator[Proposal]:
    """Yield an `aws_vpc_security_group_*_rule`: one rule with one peer."""
    change, problem = _with_group(plan, change, "referenced_security_group_id")

    def rules(values: Mapping[str, Any], change: Change) -> list[Raw]:
        group = values.get("referenced_security_group_id")
        rule = {
            "IsEgress": is_egress,
            "IpProtocol": values.get("ip_protocol"),
            "FromPort": values.get("from_port"),
            "ToPort": values.get("to_port"),
            "CidrIpv4": values.get("cidr_ipv4"),
            "CidrIpv6": values.get("cidr_ipv6"),
            "PrefixListId": values.get("prefix_list_id"),
            "ReferencedGroupInfo": _referenced(str(group)) if group else None,
        }
        rule_id = values.get("security_group_rule_id") or change.address
        return [{**present(rule), "SecurityGroupRuleId": rule_id}]

    yield from _blocked(
        rule_proposals(
            plan, change, GROUPS, owner="security_group_id", matters=_SINGLE, rules=rules
        ),
        problem,
    )


def _with_group(
    plan: Plan, change: Change, attribute: str, *, ignored: bool = False
) -> tuple[Change, str | None]:
    """Return the change with the group that it refers to, and why that may not be known."""
    if ignored or not change.is_unknown(attribute):
        return change, None
    other = plan.target(change, attribute)
    if other is None:
        return change, f"{change.address}: {attribute} is known only after apply"
    return replace(change, after={**change.after, attribute: other.identity}), None


def _blocked(proposals: Iterator[Proposal], problem: str | None) -> Iterator[Proposal]:
    for proposal in proposals:
        adds = bool(proposal.added or proposal.problems)
        yield (
            replace(proposal, added=(), problems=(*proposal.problems, problem))
            if problem and adds
            else proposal
        )


def _acl(_: Plan, change: Change) -> Iterator[Proposal]:
    problems = unknowns(change, (*_WAYS, "subnet_ids"))
    if change.is_gone:
        problems = (f"{change.address} is deleted, and its subnets get the default network ACL",)
    rules = [
        _entry({**block, "egress": is_egress})
        for way, is_egress in _WAYS.items()
        if not change.is_unknown(way)
        for block in objects(change.after.get(way), f"{change.where} {way}")
    ]
    subnets, default = change.after.get("subnet_ids"), change.known("default_network_acl_id")
    yield Proposal(
        ACLS,
        str(default or change.identity),
        change.where,
        name=(change.known("tags") or {}).get("Name"),
        new=_of_vpc(change, "NetworkAclId") if change.is_new and not default else None,
        near=str(change.known("vpc_id") or ""),
        aliases=(change.address,),
        rules=tuple(rules),
        applies_to=None if subnets is None else frozenset(texts(subnets, change.where)),
        problems=problems,
    )


def _acl_rule(plan: Plan, change: Change) -> Iterator[Proposal]:
    def rules(values: Mapping[str, Any], _: Change) -> list[Raw]:
        return [_entry(values)]

    yield from rule_proposals(
        plan, change, ACLS, owner="network_acl_id", matters=_ENTRY, rules=rules
    )


def _entry(values: Mapping[str, Any]) -> Raw:
    """Return an entry; inline blocks and single resources have other words for two fields."""
    ports = present({"From": values.get("from_port"), "To": values.get("to_port")})
    icmp = {
        "Type": _number(values.get("icmp_type")),
        "Code": _number(values.get("icmp_code")),
    }
    return present(
        {
            "Egress": bool(values.get("egress")),
            "RuleNumber": values.get("rule_number", values.get("rule_no")),
            "RuleAction": values.get("rule_action", values.get("action")),
            "Protocol": values.get("protocol"),
            "PortRange": ports or None,
            "IcmpTypeCode": present(icmp) or None,
            "CidrBlock": values.get("cidr_block"),
            "Ipv6CidrBlock": values.get("ipv6_cidr_block"),
        }
    )


def _number(value: Any) -> Any:
    """Return an ICMP type or code, which some versions of the provider write as text."""
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value


RESOURCES: dict[str, Reader] = {
    "aws_security_group": _group,
    "aws_default_security_group": _group,
    "aws_security_group_rule": _rule,
    "aws_vpc_security_group_ingress_rule": partial(_single, is_egress=False),
    "aws_vpc_security_group_egress_rule": partial(_single, is_egress=True),
    "aws_network_acl": _acl,
    "aws_default_network_acl": _acl,
    "aws_network_acl_rule": _acl_rule,
}

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "aws_ec2_managed_prefix_list": ("entry",),
    "aws_ec2_managed_prefix_list_entry": (),
    "aws_instance": ("vpc_security_group_ids", "security_groups"),
    "aws_network_acl_association": (),
    "aws_network_interface": ("security_groups",),
    "aws_network_interface_sg_attachment": (),
    "aws_vpc_security_group_vpc_association": (),
}
