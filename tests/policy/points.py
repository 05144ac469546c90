"""The slowest opinion: the first rule that matches, at each point of a small grid.

The grid has every port and address that rules of the small domain can tell apart, and some points
beyond them; a set of points is one integer, with a bit for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from tests.policy.pairs import Region
from tests.policy.providers import Interval, Match, Peer, block


class Point(NamedTuple):
    family: str
    service: int
    peer: int
    local: int
    port: int


V4, V6 = 10 << 24, 0xFD00 << 112
PUBLIC = (("4", V4 - 1, V4), ("6", 0x2600 << 112, (0x2600 << 112) + 1))
"""The points that are public addresses, as intervals."""
SERVICES = [
    0,
    *(block(6, port)[0] for port in (*range(13), 65535)),
    *(block(17, port)[0] for port in (0, 5, 12)),
    *(block(protocol, code)[0] for protocol in (1, 58) for code in (0, 8 << 8, (8 << 8) + 1)),
    block(47)[0],
    block(50, 65535)[0],
    block(255, 65535)[0],
]
PEERS = {
    "4": [0, V4 - 1, *range(V4, V4 + 17), (1 << 32) - 1],
    "6": [0, V6, V6 + 3, V6 + 5, V6 + 11, V6 + 16, PUBLIC[1][1], (1 << 128) - 1],
}
LOCALS = {"4": [0, V4, V4 + 5], "6": [0, V6 + 1]}
PORTS = (0, 5)


class Grid:
    """All points over some symbols; `sides` leaves out local addresses and source ports."""

    def __init__(self, symbols: int, *, sides: bool) -> None:
        peers = {**PEERS, "S": list(range(symbols + 1))}
        self.points = [
            Point(family, service, peer, local, port)
            for family, some in peers.items()
            for peer in some
            for service in SERVICES
            for local in (LOCALS.get(family, [0]) if sides else [0])
            for port in (PORTS if sides else (0,))
        ]
        self.everywhere = (1 << len(self.points)) - 1
        self.sides = {side: self._by_value(side) for side in Point._fields[1:]}
        self.within = lru_cache(maxsize=None)(self._within)
        self.at = lru_cache(maxsize=None)(self._at)

    def _by_value(self, side: str) -> dict[tuple[str, int], int]:
        """Return the points that have each family and value on one side."""
        found: defaultdict[tuple[str, int], int] = defaultdict(int)
        for number, point in enumerate(self.points):
            found[point.family, getattr(point, side)] |= 1 << number
        return found

    def truth(self, matches: Sequence[Match], direction: str) -> int:
        """Return where the first match allows."""
        found, left = 0, self.everywhere
        for match in sorted(matches, key=lambda match: match.rank):
            if match.direction == direction:
                hit = self.covered(match) & left
                found |= hit if match.allows else 0
                left &= ~hit
        return found

    def covered(self, match: Match) -> int:
        near = self.everywhere
        if match.locals:
            near = self.at("local", match.locals) | self.at("peer", (("S", 0, 1 << 32),))
        return (
            self.within("service", match.services)
            & self.at("peer", match.peers)
            & near
            & self.within("port", match.ports)
        )

    def reported(self, regions: Iterable[Region], direction: str, *, is_loosened: bool) -> int:
        """Return the points in what the SQL says."""
        found = 0
        for region in regions:
            if (region.direction, region.is_loosened) == (direction, is_loosened):
                peers = tuple((region.family, *peer) for peer in region.peers)
                found |= (
                    self.within("service", (region.services,))
                    & self.at("peer", peers)
                    & self.at("local", ((region.family, *region.local),))
                    & self.within("port", (region.ports,))
                )
        return found

    def _within(self, side: str, intervals: tuple[Interval, ...]) -> int:
        return self._bits(
            points
            for (_, value), points in self.sides[side].items()
            if any(low <= value < high for low, high in intervals)
        )

    def _at(self, side: str, peers: tuple[Peer, ...]) -> int:
        return self._bits(
            points
            for (family, value), points in self.sides[side].items()
            if any(of == family and low <= value < high for of, low, high in peers)
        )

    def _bits(self, hits: Iterable[int]) -> int:
        return reduce(or_, hits, 0)
