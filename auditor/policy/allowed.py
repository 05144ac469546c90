"""What one instance accepts, through which rules of which layers, and what the Internet gets to.

Reads back an evaluation of one instance whose other side is empty: everything that it accepts is a
region then, in canonical form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from auditor.policy.evaluate import run_steps
from auditor.policy.intervals import meet, service_names
from auditor.policy.reach import at_addresses, read_addresses
from auditor.policy.regions import INSPECTED, UNDECIDED, Region, Rule, read_regions
from auditor.policy.wording import addresses, peers_of, traffic


@dataclass(frozen=True, slots=True)
class Deciding:
    """A rule that lets traffic through, with the layer that it decides in."""

    policy: str
    rule: str
    layer: str
    name: str
    """What people call the policy; empty where the absence of one decides."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Traffic that all layers together let through."""

    direction: str
    service: str
    peers: tuple[str, ...]
    addresses: int
    """How many addresses the peers have; 0 where that is not known."""
    traffic: str
    """All of it in one line for a person."""
    rules: tuple[Deciding, ...]
    internet: bool
    """Whether the Internet gets to some of it."""
    approximate: bool
    """Whether peers are known by name only."""
    inspected: bool
    decided: bool
    """False where a layer was not read that would have the last word."""


@dataclass(frozen=True, slots=True)
class Path:
    """Whether the Internet gets to an interface, whatever the policies say."""

    interface: str
    ipv4: bool
    ipv6: bool
    read: bool
    """False: nothing was read about it, so it is taken as open."""
    obstacles: tuple[str, ...]
    """Why it is closed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that cannot be parsed; without it the layers cannot be evaluated."""

    policy: str
    rule: str
    problem: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the layers of one instance make of all traffic."""

    policies: tuple[str, ...]
    """Ids of the policies that apply, and of the interfaces that they apply to."""
    allowed: tuple[Allowed, ...]
    paths: tuple[Path, ...]
    problems: tuple[Problem, ...]
    has_unknown_symbols: bool


def read_accepted(con: duckdb.DuckDBPyConnection) -> Accepted:
    """Return what the instance of `evaluate_instance` accepts on the snapshot's side."""
    run_steps(con, "allowed")
    con.execute(
        "UPDATE policy.regions SET new_rules = d.rules FROM policy.deciding d "
        "WHERE d.region = regions.rowid"
    )
    regions = regions_by_kind(con)
    names = _layers(con)
    exposed = [r for r in regions["exposure"] if r.level != UNDECIDED]
    return Accepted(
        policies=_ids(con),
        allowed=tuple(_allowed(region, exposed, names) for region in regions["profile"]),
        paths=_paths(con),
        problems=tuple(
            Problem(*row)
            for row in con.execute(
                "SELECT DISTINCT policy_id, rule_id, problem FROM policy.problems ORDER BY ALL"
            ).fetchall()
        ),
        has_unknown_symbols=bool(con.execute("SELECT 1 FROM policy.points LIMIT 1").fetchall()),
    )


def regions_by_kind(con: duckdb.DuckDBPyConnection) -> Mapping[str, Sequence[Region]]:
    """Return the regions of `profile` and `exposure`, ingress first, by service."""
    found: defaultdict[str, list[Region]] = defaultdict(list)
    regions = read_regions(con)
    own = next(iter(read_addresses(con).values()), None)
    for subject, what in con.execute("SELECT subject, what FROM policy.subjects").fetchall():
        found[what] += at_addresses(regions.get(subject, ()), own)
    for some in found.values():
        some.sort(key=lambda region: (region.direction != "ingress", region.service))
    return found


def overlap(one: Region, other: Region) -> bool:
    """Return whether some traffic is in both regions."""
    return (
        one.direction == other.direction
        and meet((one.service,), (other.service,))
        and any(
            family in other.peers and meet(found, other.peers[family])
            for family, found in one.peers.items()
        )
        and _agree(one.local, other.local)
        and _agree(one.ports, other.ports)
    )


def _agree(some: Sequence[tuple[Any, Any]], others: Sequence[tuple[Any, Any]]) -> bool:
    """Return whether two limits leave something in common; none is no limit."""
    return not some or not others or meet(some, others)


def _allowed(
    region: Region, exposed: Sequence[Region], names: Mapping[str, tuple[str, str]]
) -> Allowed:
    return Allowed(
        direction=region.direction,
        service=", ".join(service_names(*region.service)),
        peers=tuple(peers_of(region)),
        addresses=addresses(region),
        traffic=traffic(region),
        rules=tuple(dict.fromkeys(_deciding(rule, names) for rule in region.new_rules)),
        internet=any(overlap(region, other) for other in exposed),
        approximate=region.is_approximate,
        inspected=region.level == INSPECTED,
        decided=region.level != UNDECIDED,
    )


def _deciding(rule: Rule, names: Mapping[str, tuple[str, str]]) -> Deciding:
    layer, name = names.get(rule.policy_id, ("", ""))
    is_built_in = rule.rule_id == rule.policy_id
    return Deciding(rule.policy_id, rule.rule_id, layer, "" if is_built_in else name)


def _layers(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return layer and name of each policy that applies."""
    rows = con.execute(
        "SELECT l.policy_id, array_to_string(list(DISTINCT l.conjunct ORDER BY l.conjunct), ', '), "
        "coalesce(any_value(p.name), regexp_extract(split_part(l.policy_id, ' ', 1), '[^/]+$')) "
        "FROM policy.placed l LEFT JOIN snapshot.policy_policies p "
        "ON p.resource_id = split_part(l.policy_id, ' ', 1) "
        "WHERE l.side = 'snapshot' AND l.conjunct <> 'path' GROUP BY l.policy_id"
    ).fetchall()
    return {policy_id: (layer, name) for policy_id, layer, name in rows}


def _ids(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    rows = con.execute(
        "SELECT DISTINCT unnest([interface_id, split_part(policy_id, ' ', 1)]) AS id "
        "FROM policy.placed WHERE side = 'snapshot' AND conjunct <> 'path' ORDER BY id"
    ).fetchall()
    return tuple(text for (text,) in rows if text is not None)


def _paths(con: duckdb.DuckDBPyConnection) -> tuple[Path, ...]:
    rows = con.execute(
        "SELECT DISTINCT l.interface_id, coalesce(p.ipv4, true), coalesce(p.ipv6, true), "
        "p.instance_id IS NOT NULL, list_sort(coalesce(p.obstacles, [])) FROM policy.placed l "
        "LEFT JOIN snapshot.policy_touched_paths p ON p.instance_id = l.instance_id "
        "AND p.interface_id IS NOT DISTINCT FROM l.interface_id "
        "WHERE l.side = 'snapshot' AND l.conjunct = 'path' ORDER BY ALL"
    ).fetchall()
    return tuple(
        Path(interface, ipv4, ipv6, read, tuple(obstacles) if not (ipv4 or ipv6) else ())
        for interface, ipv4, ipv6, read, obstacles in rows
    )
