"""What the SQL says of random policies, against opinions that were formed in other ways.

Every pair goes the whole way: the provider's document, rows, store, views, SQL. The seeds are
fixed; a pair that fails is told with as few rules as still fail.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy import oracle, providers
from tests.policy.generate import ALL, FEW, Domain, random_pair
from tests.policy.kinds import FIREWALLS, KINDS, Kind
from tests.policy.pairs import Pair, Region, boxes, regions_of, smallest
from tests.policy.points import Grid

HERE = [kind for kind in KINDS if kind.is_here()]
GRIDS = {k.name: Grid(len(k.symbols), sides=not k.source.startswith("aws")) for k in KINDS}
PAIRS = 800
"""Of each kind, for each test."""

Wrong = Callable[[Pair, Sequence[Region]], bool]


def pairs(seed: int, domain: Domain, count: int = PAIRS) -> list[Pair]:
    """Return pairs of each kind that there are files for."""
    return [pair for kind in HERE for pair in pairs_of(kind, random.Random(seed), domain, count)]


def pairs_of(kind: Kind, rng: random.Random, domain: Domain, count: int) -> list[Pair]:
    made = [random_pair(kind, rng, domain) for _ in range(count)]
    targets = ["", "tag web"] if kind is FIREWALLS else [""]
    return [
        Pair(kind, kind.policy(before), kind.policy(after), targets[number % len(targets)])
        for number, (before, after) in enumerate(made)
    ]


def compare(folder: Path, some: Sequence[Pair], wrong: Wrong) -> None:
    """Hold all pairs against an opinion, and tell how many there were."""
    rounds = iter(range(1000))

    def failing(these: Sequence[Pair]) -> list[bool]:
        found = regions_of(folder / str(next(rounds)), these)
        return [wrong(pair, regions) for pair, regions in zip(these, found, strict=True)]

    fails = failing(some)
    print({name: f"{count} pairs" for name, count in Counter(p.kind.name for p in some).items()})
    if any(fails):
        least = smallest(some[fails.index(True)], failing)
        pytest.fail(f"{sum(fails)} of {len(some)} pairs; the first in short: {least}")


def differs_at_a_point(pair: Pair, regions: Sequence[Region]) -> bool:
    grid, symbols = GRIDS[pair.kind.name], pair.kind.symbols
    old, new = (
        providers.parsed(pair.kind.name, policy, symbols, pair.target)
        for policy in (pair.before, pair.after)
    )
    for direction in providers.DIRECTIONS:
        was, now = grid.truth(old, direction), grid.truth(new, direction)
        for is_loosened, wanted in ((True, now & ~was), (False, was & ~now)):
            if grid.reported(regions, direction, is_loosened=is_loosened) != wanted:
                return True
    return False


def differs_in_boxes(pair: Pair, regions: Sequence[Region]) -> bool:
    old, new = (
        oracle.allowed(pair.kind.name, policy, pair.kind.symbols, pair.target)
        for policy in (pair.before, pair.after)
    )
    return not (
        oracle.same(boxes(regions, is_loosened=True), oracle.loosened(old, new))
        and oracle.same(boxes(regions, is_loosened=False), oracle.loosened(new, old))
    )


def test_first_match_at_every_point(tmp_path: Path) -> None:
    compare(tmp_path, pairs(1, FEW), differs_at_a_point)


def test_boxes_over_all_ports_and_addresses(tmp_path: Path) -> None:
    compare(tmp_path, pairs(2, ALL, 500), differs_in_boxes)


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 10**6))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_two_opinions_agree(kind: Kind, seed: int) -> None:
    """Box subtraction is right by itself: it says what the first match says at every point."""
    (pair,) = pairs_of(kind, random.Random(seed), FEW, 1)
    found = oracle.allowed(kind.name, pair.before, kind.symbols)
    rules = providers.parsed(kind.name, pair.before, kind.symbols)
    grid = GRIDS[kind.name]
    regions = [
        Region(True, box.direction, box.family, box.sides[0], (box.sides[1],), *box.sides[2:])
        for box in found
    ]
    for direction in providers.DIRECTIONS:
        told = grid.reported(regions, direction, is_loosened=True)
        assert told == grid.truth(rules, direction)
    assert (
        sum(
            map(
                len,
                (
                    [oracle.common(a, b) for b in found if a is not b and oracle.common(a, b)]
                    for a in found
                ),
            )
        )
        == 0
    )
