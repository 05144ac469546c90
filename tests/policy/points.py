"""The slowest opinion: the first rule that matches, at each point of a small grid.

The grid has every port and address that rules of the small domain can tell apart, and some points
beyond them; a set of points is one integer, with a bit for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
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
        self.within = lru_cache(maxsize=None)(self._within)
        self.at = lru_cache(maxsize=None)(self._at)

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
            any(low <= getattr(point, side) < high for low, high in intervals)
            for point in self.points
        )

    def _at(self, side: str, peers: tuple[Peer, ...]) -> int:
        return self._bits(
            any(f == point.family and low <= getattr(point, side) < high for f, low, high in peers)
            for point in self.points
        )

    def _bits(self, hits: Iterable[bool]) -> int:
        return int("".join("01"[hit] for hit in hits)[::-1], 2)
