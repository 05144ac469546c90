"""How bad a region is: by who can use it, for what, and whether anything stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from auditor.model import Severity, Verdict
from auditor.policy.intervals import PORTS, WIDTH
from auditor.policy.regions import Bounds, Region
from auditor.policy.resolve import public_intervals

ADMIN = (22, 23, 135, 139, 445, 512, 513, 514, 2375, 3389, 5900, *range(5985, 5987), 6443, 10250)
"""Ports that give control over a machine."""

DATA = (1433, 1521, 2049, 3306, 5432, 5601, 6379, 9042, 9092, 9200, 11211, 27017)
"""Ports of data stores."""

WEB = (80, 443)

_TCP = 6 << 16
_UDP = 17 << 16
_WIDE = {"4": 1 << 24, "6": 1 << 96}
"""As many public addresses as are the Internet rather than somebody's network."""

_INGRESS = {
    "internet": {"all": "critical", "admin": "critical", "data": "high", "other": "high"},
    "public": {"all": "high", "admin": "high", "data": "high", "other": "medium"},
    "unknown": {"all": "medium", "admin": "medium", "data": "medium", "other": "low"},
    "private": {"all": "medium", "admin": "medium", "data": "low", "other": "low"},
}


class Reach(Enum):
    """Whether what a policy allows gets to an instance."""

    EXPOSED = "exposed"
    """From the Internet, through all layers."""
    REACHED = "reached"
    """Through all layers, but there is no path from the Internet."""
    BLOCKED = "blocked"
    """Another layer still denies it: latent."""
    UNUSED = "unused"
    """The policy applies to no instance."""
    UNKNOWN = "unknown"
    """Interfaces were not read."""


_STEPS = {
    Reach.EXPOSED: {},
    Reach.UNKNOWN: {},
    Reach.REACHED: {"critical": "high"},
    Reach.UNUSED: {"critical": "high", "high": "medium"},
    Reach.BLOCKED: {"critical": "medium", "high": "low", "medium": "low"},
}


def severity_of(regions: Iterable[Region], reach: Reach) -> Severity:
    """Return the severity of some regions taken together; what is tightened is of interest only."""
    found = [Severity(_STEPS[reach].get(base, base)) for base in map(_base, regions)]
    return min(found, key=lambda severity: severity.rank)


def lets_in_internet(region: Region) -> bool:
    """Say whether the Internet now gets in that did not, whatever for."""
    loosened = region.verdict is Verdict.LOOSENED and region.direction == "ingress"
    return loosened and _who(region.peers) == "internet"


def _base(region: Region) -> str:
    if region.verdict is not Verdict.LOOSENED:
        return "info"
    if region.loses_inspection:
        return "medium"
    who, what = _who(region.peers), _what(*region.service)
    if region.direction == "egress":
        return "medium" if (who, what) == ("internet", "all") else "low"
    if what == "web":
        return {"internet": "medium"}.get(who, "low")
    return _INGRESS[who][what]


def _who(peers: Mapping[str, tuple[Bounds, ...]]) -> str:
    public = {family: _public(family, peers[family]) for family in WIDTH if family in peers}
    if any(count >= _WIDE[family] for family, count in public.items()):
        return "internet"
    if any(public.values()):
        return "public"
    return "unknown" if "S" in peers else "private"


def _public(family: str, intervals: Iterable[Bounds]) -> int:
    """Return how many public addresses there are in some intervals."""
    return sum(
        max(0, int(min(high, end), 16) - int(max(low, start), 16))
        for low, high in intervals
        for start, end in public_intervals(family)
    )


def _what(low: int, high: int) -> str:
    if high - low >= PORTS:
        return "all"
    spans = [
        (low - base, high - base) for base in (_TCP, _UDP) if base < high and low < base + PORTS
    ]
    if any(_holds(span, ADMIN) for span in spans):
        return "admin"
    if any(_holds(span, DATA) for span in spans):
        return "data"
    if low >= _TCP and all(port - _TCP in WEB for port in range(low, min(high, low + 3))):
        return "web"
    return "other"


def _holds(span: tuple[int, int], ports: Iterable[int]) -> bool:
    return any(span[0] <= port < span[1] for port in ports)
