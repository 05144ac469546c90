"""Recorded policies against each other: every ordered pair of distinct contents, by kind.

The rules of one are those of before, the rules of the other those of after, under one id.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.aws_recordings import atoms_of, recorded, skip_without_recordings
from tests.policy import oracle, providers
from tests.policy.kinds import (
    FIREWALLS,
    KINDS,
    NETWORK_ACLS,
    NETWORK_SECURITY_GROUPS,
    SECURITY_GROUPS,
    Kind,
)
from tests.policy.oracle import Box
from tests.policy.pairs import Pair, Region, boxes, regions_of
from tests.policy.providers import Policy

skip_without_recordings()

IDS = ("SecurityGroupRuleId", "GroupId", "GroupOwnerId", "id", "etag", "selfLink", "network")


def security_groups() -> Iterator[Policy]:
    for answer in recorded("DescribeSecurityGroups"):
        for group in answer["SecurityGroups"]:
            yield {"SecurityGroupRules": list(atoms_of(group))}


def network_acls() -> Iterator[Policy]:
    for answer in recorded("DescribeNetworkAcls"):
        yield from ({"Entries": acl["Entries"]} for acl in answer["NetworkAcls"])


def network_security_groups() -> Iterator[Policy]:
    from tests.test_recordings_azure import pages

    for _, items in pages("microsoft.network/networksecuritygroups"):
        for item in items:
            keys = ("securityRules", "defaultSecurityRules")
            yield {key: item["properties"].get(key) or [] for key in keys}


def firewalls() -> Iterator[Policy]:
    from tests.test_recordings_gcp import bodies, items_of

    for _, body in bodies():
        networks: defaultdict[str, list[Any]] = defaultdict(list)
        for rule in body.get("firewalls") or items_of(body, "firewalls"):
            if "/firewalls/" in rule.get("selfLink", ""):
                networks[rule["network"]].append(rule)
        yield from ({"items": some} for some in networks.values())


FOUND = {
    SECURITY_GROUPS.name: security_groups,
    NETWORK_ACLS.name: network_acls,
    NETWORK_SECURITY_GROUPS.name: network_security_groups,
    FIREWALLS.name: firewalls,
}
"""Every recorded policy of a kind."""


def contents(kind: Kind) -> list[Policy]:
    """Return the distinct contents of recorded policies, and a policy without rules."""
    distinct: dict[str, Policy] = {}
    for policy in (kind.policy([]), *FOUND[kind.name]()):
        bare = {
            key: [{k: v for k, v in rule.items() if k not in IDS} for rule in rules]
            for key, rules in policy.items()
        }
        distinct.setdefault(json.dumps(bare, sort_keys=True, default=str), bare)
    return [policy for _, policy in sorted(distinct.items())]


class Names(list[str]):
    """Symbols, which are noted down when they are asked for."""

    def index(self, name: str, *_: Any) -> int:  # type: ignore[override]
        if name not in self:
            self.append(name)
        return super().index(name)


def with_symbols(kind: Kind, policies: list[Policy]) -> Kind:
    names = Names()
    whole = tuple((family, 0, 1) for family in providers.FAMILIES)
    for policy in policies:
        list(providers.PARSERS[kind.name](policy, whole, names))
    return replace(kind, symbols=tuple(sorted(names)))


def test_every_pair(tmp_path: Path) -> None:
    """53 security groups, 31 NSGs, 7 networks and 2 network ACLs make 3,730 pairs."""
    some: list[Pair] = []
    for kind in (kind for kind in KINDS if kind.is_here()):
        policies = contents(kind)
        named = with_symbols(kind, policies)
        some += [Pair(named, a, b) for a, b in itertools.permutations(policies, 2)]
        print(f"{kind.name}: {len(policies)} contents, {len(policies) * (len(policies) - 1)} pairs")
    opinion = Opinion()
    regions = regions_of(tmp_path, some)
    wrong = [pair for pair, got in zip(some, regions, strict=True) if opinion.differs(pair, got)]
    assert wrong == []


class Opinion:
    """What the oracle says; each policy is looked at once."""

    def __init__(self) -> None:
        self.known: dict[int, list[Box]] = {}

    def allowed(self, pair: Pair, policy: Policy) -> list[Box]:
        if id(policy) not in self.known:
            self.known[id(policy)] = oracle.allowed(pair.kind.name, policy, pair.kind.symbols)
        return self.known[id(policy)]

    def differs(self, pair: Pair, regions: list[Region]) -> bool:
        old, new = self.allowed(pair, pair.before), self.allowed(pair, pair.after)
        return not (
            oracle.same(boxes(regions, is_loosened=True), oracle.loosened(old, new))
            and oracle.same(boxes(regions, is_loosened=False), oracle.loosened(new, old))
        )
