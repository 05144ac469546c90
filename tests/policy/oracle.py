"""A second opinion on what policies allow, by box subtraction.

A rule takes its boxes out of what is left, and what an allow rule takes is allowed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tests.policy.providers import (
    DIRECTIONS,
    FAMILIES,
    PORTS,
    SERVICES,
    SIZES,
    Interval,
    Match,
    Policy,
    parsed,
)


class Box(NamedTuple):
    """Traffic of one direction and family: services, peers, near side, source ports."""

    direction: str
    family: str
    sides: tuple[Interval, Interval, Interval, Interval]


def allowed(kind: str, policy: Policy, symbols: Sequence[str], target: str = "") -> list[Box]:
    """Return what a policy allows, as boxes that do not overlap."""
    matches = sorted(parsed(kind, policy, symbols, target), key=lambda match: match.rank)
    found: list[Box] = []
    for direction in DIRECTIONS:
        for family in FAMILIES:
            everything = (0, SIZES.get(family, len(symbols) + 1))
            left = [Box(direction, family, (SERVICES, everything, everything, PORTS))]
            for match in matches:
                for box in boxes(match, family, everything):
                    if match.direction == direction:
                        if match.allows:
                            found += [hit for one in left if (hit := common(one, box))]
                        left = subtract(left, [box])
    return found


def loosened(old: Sequence[Box], new: Sequence[Box]) -> list[Box]:
    """Return what is allowed now and was not before; the other way round is what was tightened."""
    return subtract(new, old)


def boxes(match: Match, family: str, everything: Interval) -> Iterator[Box]:
    """Yield the boxes of a rule in one family; symbols have no near side of their own."""
    near = [one[1:] for one in match.locals if one[0] == family]
    if not match.locals or family == "S":
        near = [everything]
    for service in match.services:
        for of, low, high in match.peers:
            for local in near if of == family else ():
                for ports in match.ports:
                    yield Box(match.direction, family, (service, (low, high), local, ports))


def common(one: Box, other: Box) -> Box | None:
    """Return what two boxes share."""
    if are_apart(one, other):
        return None
    sides = [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(one.sides, other.sides, strict=True)]
    return Box(one.direction, one.family, (sides[0], sides[1], sides[2], sides[3]))


def are_apart(one: Box, other: Box) -> bool:
    """Say whether two boxes share nothing; most do not, so this comes first."""
    if one.family != other.family or one.direction != other.direction:
        return True
    for (a, b), (c, d) in zip(one.sides, other.sides, strict=True):  # noqa: SIM110  # this is hot
        if a >= d or c >= b:
            return True
    return False


def subtract(some: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """Return what is left of some boxes without the others."""
    cuts: defaultdict[tuple[str, str], list[Box]] = defaultdict(list)
    for cut in others:
        cuts[cut.direction, cut.family].append(cut)
    found: list[Box] = []
    for one in some:
        left = [one]
        for cut in cuts[one.direction, one.family]:
            if any(not are_apart(box, cut) for box in left):
                left = [rest for box in left for rest in without(box, cut)]
        found += left
    return found


def without(box: Box, cut: Box) -> Iterator[Box]:
    """Yield what is left of a box, one slab per side that sticks out."""
    shared = common(box, cut)
    if shared is None:
        yield box
        return
    sides = list(box.sides)
    for number, (low, high) in enumerate(shared.sides):
        first, end = sides[number]
        for slab in ((first, low), (high, end)):
            if slab[0] < slab[1]:
                yield box._replace(sides=(*sides[:number], slab, *sides[number + 1 :]))  # type: ignore[arg-type]
        sides[number] = (low, high)


def same(one: Sequence[Box], other: Sequence[Box]) -> bool:
    """Say whether two sets of boxes are the same traffic."""
    return not subtract(one, other) and not subtract(other, one)
