"""Kinds of policies: what the provider lists for one, and how their rules are ordered.

A policy of a pair has the name `p<number>x`, so that what is found names the pair.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from auditor.shipped import shipped
from tests.harness import TABLES
from tests.policy.generate import (
    NETWORK,
    Domain,
    Rule,
    acl_entry,
    aws_rule,
    azure_rule,
    google_rule,
)
from tests.policy.providers import Policy

ACCOUNT = "111111111111"
COMPUTE = "https://www.googleapis.com/compute/v1/projects/project-1/global"


@dataclass(frozen=True)
class Kind:
    """A kind of policy; `rules` is the name under which a policy has those that people wrote."""

    name: str
    source: str
    """Its file in `queries/policy/rules`."""
    rules: str
    symbols: tuple[str, ...]
    make: Callable[[random.Random, Domain], Rule]
    """Returns a random rule without a place in the order."""
    rank: str | None
    """Field of the place in the order."""
    fixed: Mapping[str, Sequence[Rule]]
    """What the provider adds to each policy."""
    documents: Callable[[str, Policy], Mapping[str, list[Any]]]
    """Returns what the provider lists, by table, for a policy of a name."""

    def is_here(self) -> bool:
        return (shipped("queries") / "policy" / "rules" / f"{self.source}.sql").exists()

    def policy(self, rules: Sequence[Rule]) -> Policy:
        return {self.rules: [*rules, *self.fixed.get(self.rules, ())], **self._others()}

    def _others(self) -> Policy:
        return {key: found for key, found in self.fixed.items() if key != self.rules}

    def ranked(self, rule: Rule, rank: int) -> Rule:
        """Return a rule with a place in the order."""
        if self.rank is None:
            return rule
        if "properties" in rule:
            return {**rule, "properties": {**rule["properties"], self.rank: rank}}
        return {**rule, self.rank: rank}

    def rank_of(self, rule: Rule) -> int:
        found: Rule = rule.get("properties", rule)
        return int(found[self.rank]) if self.rank else 0


class Listing:
    """Stands for a scope: a table's own `fetch` takes what is listed apart."""

    options = SimpleNamespace(parents=())

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    def pages(self, *_: Any, **__: Any) -> Iterator[Any]:
        yield from self.items

    aggregated = effective_policies = pages

    def each(self, read: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        return map(read, items)

    def index(self, *_: Any) -> list[Any]:
        return [SimpleNamespace(**item["network"]) for item in self.items]

    def post_pages(self, path: str, *_: Any) -> Iterator[Any]:
        """Yield the rules in force in the network of a path."""
        for item in self.items:
            if path.startswith(f"{item['network']['id']}/"):
                yield from item["rules"]


def listed(documents: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return what each table's `fetch` makes of the provider's list."""
    return {name: list(TABLES[name].fetch(Listing(items))) for name, items in documents.items()}


def security_group(name: str, policy: Policy) -> dict[str, list[Any]]:
    group = {"GroupId": f"sg-{name}", "GroupName": name, "OwnerId": ACCOUNT, "VpcId": "vpc-1"}
    rules = [
        {
            "SecurityGroupRuleId": f"sgr-{name}-{number}",
            **rule,
            "GroupId": group["GroupId"],
            "GroupOwnerId": ACCOUNT,
        }
        for number, rule in enumerate(policy["SecurityGroupRules"])
    ]
    return {"aws_ec2_security_groups": [group], "aws_ec2_security_group_rules": rules}


def network_acl(name: str, policy: Policy) -> dict[str, list[Any]]:
    acl = {"NetworkAclId": f"acl-{name}", "OwnerId": ACCOUNT, "VpcId": "vpc-1", **policy}
    return {"aws_ec2_network_acls": [acl], "aws_ec2_network_acl_entries": [acl]}


def network_security_group(name: str, policy: Policy) -> dict[str, list[Any]]:
    group_id = f"{NETWORK}/networkSecurityGroups/{name}"
    rules = {
        key: [
            {"name": f"r{number}", **rule, "id": f"{group_id}/{key}/r{number}"}
            for number, rule in enumerate(found)
        ]
        for key, found in policy.items()
    }
    group = {"id": group_id, "name": name, "location": "westeurope", "properties": rules}
    return {"azure_network_security_groups": [group], "azure_network_security_group_rules": [group]}


def network(name: str, policy: Policy) -> dict[str, list[Any]]:
    link = f"{COMPUTE}/networks/{name}"
    rules = [
        {
            **rule,
            "name": f"{name}-{number}",
            "selfLink": f"{COMPUTE}/firewalls/{name}-{number}",
            "network": link,
        }
        for number, rule in enumerate(policy["items"])
    ]
    return {
        "gcp_compute_networks": [{"name": name, "selfLink": link}],
        "gcp_compute_firewalls": rules,
    }


def _acl_ends() -> list[Rule]:
    return [
        {"RuleNumber": number, "RuleAction": "deny", "Protocol": "-1", "Egress": egress, **peer}
        for egress in (False, True)
        for number, peer in (
            (32767, {"CidrBlock": "0.0.0.0/0"}),
            (32768, {"Ipv6CidrBlock": "::/0"}),
        )
    ]


def _azure_ends() -> list[Rule]:
    every, near, balancer = "*", "VirtualNetwork", "AzureLoadBalancer"
    rules = [
        ("Inbound", 65000, "Allow", near, near),
        ("Inbound", 65001, "Allow", balancer, every),
        ("Inbound", 65500, "Deny", every, every),
        ("Outbound", 65000, "Allow", near, near),
        ("Outbound", 65001, "Allow", every, "Internet"),
        ("Outbound", 65500, "Deny", every, every),
    ]
    return [
        {
            "properties": {
                "direction": direction,
                "priority": priority,
                "access": access,
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
            }
        }
        for direction, priority, access, source, destination in rules
    ]


SECURITY_GROUPS = Kind(
    name="security group",
    source="aws_security_groups",
    rules="SecurityGroupRules",
    symbols=("group sg-a", "group sg-b", "prefix-list pl-1"),
    make=aws_rule,
    rank=None,
    fixed={},
    documents=security_group,
)
NETWORK_ACLS = Kind(
    name="network ACL",
    source="aws_network_acls",
    rules="Entries",
    symbols=(),
    make=acl_entry,
    rank="RuleNumber",
    fixed={"Entries": _acl_ends()},
    documents=network_acl,
)
NETWORK_SECURITY_GROUPS = Kind(
    name="network security group",
    source="azure_network_security_groups",
    rules="securityRules",
    symbols=(
        "service-tag storage",
        "service-tag azureloadbalancer",
        f"application-security-group {NETWORK}/applicationsecuritygroups/asg-1".lower(),
    ),
    make=azure_rule,
    rank="priority",
    fixed={"defaultSecurityRules": _azure_ends()},
    documents=network_security_group,
)
FIREWALLS = Kind(
    name="firewall",
    source="gcp_firewalls",
    rules="items",
    symbols=("network-tag db",),
    make=google_rule,
    rank="priority",
    fixed={},
    documents=network,
)
KINDS = (SECURITY_GROUPS, NETWORK_ACLS, NETWORK_SECURITY_GROUPS, FIREWALLS)
