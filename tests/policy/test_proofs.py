"""Proofs over all services, ports and addresses: no tuple is reported wrongly, and none is missed.

Both policies become nested conditions in the order of their rules; z3 then looks for traffic where
what the SQL reports is not what the two allow. That it finds none is a proof for the pair.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import z3

from tests.policy import providers
from tests.policy.generate import ALL
from tests.policy.pairs import Pair, Region
from tests.policy.providers import Match
from tests.policy.test_oracles import HERE, compare, pairs_of

CASES = 150
BITS = {"4": 32, "6": 128}
SERVICE, PORT = z3.BitVec("service", 24), z3.BitVec("port", 16)


def within(variable: Any, intervals: Iterable[tuple[int, int]]) -> Any:
    size = variable.size()
    parts = []
    for low, high in intervals:
        bounds = [z3.UGE(variable, z3.BitVecVal(low, size))] if low else []
        if high < 1 << size:
            bounds.append(z3.ULT(variable, z3.BitVecVal(high, size)))
        parts.append(z3.And(bounds))
    return z3.Or(parts)


def of_family(family: str, peers: Iterable[tuple[str, int, int]]) -> list[tuple[int, int]]:
    return [(low, high) for of, low, high in peers if of == family]


def accepts(matches: Sequence[Match], direction: str, family: str, peer: Any, local: Any) -> Any:
    """Return the condition under which rules accept: the first that matches decides."""
    condition = z3.BoolVal(False)
    for match in sorted(matches, key=lambda match: match.rank, reverse=True):
        if match.direction != direction:
            continue
        sides = [
            within(SERVICE, match.services),
            within(peer, of_family(family, match.peers)),
            within(PORT, match.ports),
        ]
        if match.locals:
            sides.append(within(local, of_family(family, match.locals)))
        condition = z3.If(z3.And(sides), z3.BoolVal(match.allows), condition)
    return condition


def reported(regions: Sequence[Region], peer: Any, local: Any) -> Any:
    return z3.Or(
        [
            z3.And(
                within(SERVICE, [region.services]),
                within(peer, region.peers),
                within(local, [region.local]),
                within(PORT, [region.ports]),
            )
            for region in regions
        ]
    )


def is_disproved(pair: Pair, regions: Sequence[Region]) -> bool:
    old, new = (
        providers.parsed(pair.kind.name, policy, pair.kind.symbols, pair.target)
        for policy in (pair.before, pair.after)
    )
    for direction in providers.DIRECTIONS:
        for family, bits in BITS.items():
            peer, local = z3.BitVec(f"peer{family}", bits), z3.BitVec(f"local{family}", bits)
            was, now = (accepts(some, direction, family, peer, local) for some in (old, new))
            here = [r for r in regions if (r.direction, r.family) == (direction, family)]
            solver = z3.SolverFor("QF_BV")
            for is_loosened, wanted in (
                (True, z3.And(now, z3.Not(was))),
                (False, z3.And(was, z3.Not(now))),
            ):
                found = reported([r for r in here if r.is_loosened == is_loosened], peer, local)
                solver.push()
                solver.add(z3.Xor(wanted, found))
                if solver.check() != z3.unsat:
                    return True
                solver.pop()
    return False


def test_no_traffic_is_reported_wrongly_or_missed(tmp_path: Path) -> None:
    rng = random.Random(3)
    some = [pair for kind in HERE for pair in pairs_of(kind, rng, ALL, CASES)]
    compare(tmp_path, some, is_disproved)
