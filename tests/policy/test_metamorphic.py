"""What must hold between comparisons, whatever the policies say."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.policy import oracle, providers
from tests.policy.generate import FEW, Rule, random_pair, random_rules
from tests.policy.kinds import NETWORK_ACLS, Kind
from tests.policy.pairs import Pair, Region, boxes, regions_of
from tests.policy.rewrites import rewritten
from tests.policy.test_oracles import HERE, compare

COUNT = 300
"""Policies of each kind, for each rule."""


def rewrite(kind: Kind, rng: random.Random) -> Pair:
    rules = random_rules(kind, rng, FEW)
    return Pair(kind, kind.policy(rules), kind.policy(rewritten(kind, rng, rules)))


def test_the_same_in_other_words_is_no_change(tmp_path: Path) -> None:
    """Reordered, renumbered, renamed, doubled, split, shadowed, switched off, respelt."""
    rng = random.Random(4)
    some = [rewrite(kind, rng) for kind in HERE for _ in range(COUNT)]
    compare(tmp_path, some, lambda pair, regions: bool(regions))


def turned_round(regions: Sequence[Region]) -> list[Region]:
    return [region._replace(is_loosened=not region.is_loosened) for region in regions]


def has_symbols(rules: Sequence[Rule]) -> bool:
    """Say whether a rule names peers by something else than networks."""
    text = json.dumps(rules)
    words = ("GroupInfo", "PrefixList", "Storage", "Internet", "VirtualNetwork", "Tags", "Groups")
    return any(word in text for word in words)


def is_sliced(regions: Sequence[Region]) -> bool:
    """Say whether a region is for some local addresses or source ports only."""
    return any(
        r.ports != providers.PORTS
        or (r.family != "S" and r.local != (0, providers.SIZES[r.family]))
        for r in regions
    )


def equal_sets(one: Sequence[Region], other: Sequence[Region]) -> bool:
    return all(
        oracle.same(boxes(one, is_loosened=verdict), boxes(other, is_loosened=verdict))
        for verdict in (True, False)
    )


def test_both_ways_and_in_other_words(tmp_path: Path) -> None:
    """What is loosened one way is tightened the other way, and equal sets have equal regions.

    A region is of one symbol, the one by which the deciding rule names the peers, and of rules that
    decide alike any may do so; it is of one slice by near side and source port, too. Where there
    are symbols or slices the traffic is the same, not its parts.
    """
    rng = random.Random(5)
    some: list[Pair] = []
    named: list[bool] = []
    for kind in HERE:
        for _ in range(COUNT):
            before, after = random_pair(kind, rng, FEW)
            others = [rewritten(kind, rng, rules) for rules in (before, after)]
            named.append(has_symbols([*before, *after]))
            some.append(Pair(kind, kind.policy(before), kind.policy(after)))
            some.append(Pair(kind, kind.policy(after), kind.policy(before)))
            some.append(Pair(kind, kind.policy(others[0]), kind.policy(others[1])))
            some.append(Pair(kind, kind.policy(before), kind.policy(before)))
    found = [sorted(regions) for regions in regions_of(tmp_path, some)]
    print(dict(Counter(pair.kind.name for pair in some)))
    texts = 0
    parts = (found[number::4] for number in range(4))
    for is_named, there, back, other, none in zip(named, *parts, strict=True):
        assert sorted(turned_round(back)) == there
        assert none == []
        if is_named or is_sliced([*there, *other]):
            assert equal_sets(other, there)
        else:
            assert other == there
            texts += 1
    print(f"equal in text: {texts} of {len(named)}")
    assert sum(map(bool, found)) > len(found) / 2


def test_a_whole_family_as_two_halves(tmp_path: Path) -> None:
    """No address is loosened or tightened; only what has no address is not covered by halves."""
    entry = {"RuleAction": "allow", "Egress": False, "Protocol": "-1"}
    whole = [{**entry, "RuleNumber": 100, "CidrBlock": "0.0.0.0/0"}]
    halves = [
        {**entry, "RuleNumber": 100, "CidrBlock": "0.0.0.0/1"},
        {**entry, "RuleNumber": 110, "CidrBlock": "128.0.0.0/1"},
    ]
    pair = Pair(NETWORK_ACLS, NETWORK_ACLS.policy(whole), NETWORK_ACLS.policy(halves))
    (regions,) = regions_of(tmp_path, [pair])
    assert {region.family for region in regions} <= {"S"}
