"""What changed, read back: regions of traffic that one side accepts and the other does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from auditor.model import Verdict
from auditor.policy.intervals import PORTS, WIDTH, everything

Bounds = tuple[str, str]

UNDECIDED = 1
"""Level of traffic that nothing that was read decides on."""

INSPECTED = 2
"""Level of traffic that is let through and looked into."""

ALLOWED = 3
"""Level of traffic that is let through."""

_ALL_PORTS = (0, PORTS)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a region names it."""

    policy_id: str
    rule_id: str
    action: str
    peer: str


@dataclass(frozen=True, slots=True)
class Region:
    """Traffic of one direction that became allowed (LOOSENED) or no longer is (TIGHTENED)."""

    verdict: Verdict
    direction: str
    service: tuple[int, int]
    """Half-open interval of services."""
    peers: Mapping[str, tuple[Bounds, ...]]
    """Half-open intervals of addresses by family; `S` has names of symbols instead of bounds."""
    symbol: str
    """The symbol by which the deciding rule names the peers; empty for addresses."""
    old_rules: tuple[Rule, ...]
    """What decided before; nothing where no rule did."""
    new_rules: tuple[Rule, ...]
    local: tuple[Bounds, ...] = ()
    """Local addresses that it is limited to; empty for all."""
    ports: tuple[tuple[int, int], ...] = ()
    """Source ports that it is limited to; empty for all."""
    loses_inspection: bool = False
    """Whether it was allowed before, but looked into."""
    level: int = ALLOWED
    """What happens to it on the side that lets more of it through."""

    @property
    def is_approximate(self) -> bool:
        """Whether peers are compared by name since nobody knows their addresses."""
        return "S" in self.peers


def read_regions(con: duckdb.DuckDBPyConnection) -> dict[int, list[Region]]:
    """Return the regions of every subject that can be judged, in a fixed order."""
    rules = _rules(con)
    points = dict(con.execute("SELECT symbol, low FROM policy.points").fetchall())
    rows = con.execute(
        "SELECT subject, direction, family, old_level, new_level, symbol, service_low, "
        "service_high, local_low, local_high, port_low, port_high, "
        "[[p.low, p.high] FOR p IN peers], old_rules, new_rules FROM policy.regions "
        "WHERE subject NOT IN (SELECT l.subject FROM policy.layers l "
        "JOIN policy.problems p USING (policy_id)) "
        "ORDER BY subject, direction, service_low, service_high, symbol, old_level, new_level, "
        "family, local_low, port_low"
    ).fetchall()
    found: defaultdict[int, list[Region]] = defaultdict(list)
    for subject, direction, family, old, new, symbol, *rest in rows:
        low, high, local_low, local_high, port_low, port_high, peers, olds, news = rest
        bounds: tuple[Bounds, ...] = tuple((a, b) for a, b in peers)
        deciding = [rules[n] for n in (*olds, *news) if n in rules]
        if family == "S":
            bounds = _named(deciding, points, bounds)
            if not bounds:
                continue
        loosened = new > old
        found[subject].append(
            Region(
                verdict=Verdict.LOOSENED if loosened else Verdict.TIGHTENED,
                direction=direction,
                service=(low, high),
                peers={family: bounds},
                symbol=symbol,
                old_rules=tuple(rules[n] for n in olds if n in rules),
                new_rules=tuple(rules[n] for n in news if n in rules),
                local=_limit(family, local_low, local_high),
                ports=() if (port_low, port_high) == _ALL_PORTS else ((port_low, port_high),),
                loses_inspection=(old, new) == (INSPECTED, ALLOWED),
                level=max(old, new),
            )
        )
    return {subject: _joined(regions) for subject, regions in found.items()}


def _rules(con: duckdb.DuckDBPyConnection) -> dict[int, Rule]:
    rows = con.execute(
        "SELECT number, policy_id, rule_id, action, peer FROM policy.rules WHERE number IN "
        "(SELECT unnest(old_rules || new_rules) FROM policy.regions) AND rule_id <> 'no rule'"
    ).fetchall()
    return {number: Rule(*rest) for number, *rest in rows}


def _named(
    rules: Iterable[Rule], points: Mapping[str, str], intervals: Iterable[Bounds]
) -> tuple[Bounds, ...]:
    """Return the symbols in some intervals of the family `S` that deciding rules name.

    A wildcard covers every symbol, so others say no more than addresses do, and less where the
    wildcard is written as two halves.
    """
    names = sorted({rule.peer for rule in rules} & points.keys())
    return tuple(
        (name, "") for name in names if any(low <= points[name] < high for low, high in intervals)
    )


def _limit(family: str, low: str, high: str) -> tuple[Bounds, ...]:
    if family not in WIDTH or (low, high) == everything(family):
        return ()
    return ((low, high),)


def _joined(regions: Sequence[Region]) -> list[Region]:
    """Join families and slices that say the same."""
    found = list(regions)
    for join in (_join_families, _join_ports, _join_locals):
        groups: dict[object, Region] = {}
        for region in found:
            key = join(region)
            before = groups.get(key)
            groups[key] = region if before is None else _both(before, region)
        found = list(groups.values())
    return found


def _same(region: Region) -> tuple[object, ...]:
    return (
        region.verdict,
        region.direction,
        region.service,
        region.symbol,
        region.loses_inspection,
        region.level,
    )


def _join_families(region: Region) -> object:
    limited = min(region.peers) if region.local else ""
    return (*_same(region), region.ports, region.local, limited)


def _join_ports(region: Region) -> object:
    return (*_same(region), region.local, tuple(sorted(region.peers.items())))


def _join_locals(region: Region) -> object:
    return (*_same(region), region.ports, tuple(sorted(region.peers.items())))


def _both(one: Region, other: Region) -> Region:
    """Return two regions as one that differ in families, in ports or in local addresses only."""
    peers = {
        family: _merged(one.peers.get(family, ()), other.peers.get(family, ()))
        for family in sorted({*one.peers, *other.peers})
    }
    return replace(
        one,
        peers=peers,
        old_rules=tuple(dict.fromkeys((*one.old_rules, *other.old_rules))),
        new_rules=tuple(dict.fromkeys((*one.new_rules, *other.new_rules))),
        local=_union(one.local, other.local),
        ports=_union(one.ports, other.ports),
    )


def _union(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the union of two limits; none, and one that leaves nothing out, is no limit."""
    if not one or not other:
        return ()
    joined = _merged(one, other)
    whole = [_ALL_PORTS, *(everything(family) for family in WIDTH)]
    return () if joined[0] in whole else joined


def _merged(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the union of two sets of intervals, with those that touch joined."""
    joined: list[tuple[Any, Any]] = []
    for low, high in sorted({*one, *other}):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)
