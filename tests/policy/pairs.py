"""Many pairs of policies in one store: the time of a store is spent once.

Each pair is a policy of its own, with the rules of before on one side and those of after on the
other. What the SQL says is brought into the form of the oracle.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from auditor.policy.evaluate import compare
from tests.policy.kinds import Kind, listed
from tests.policy.oracle import Box
from tests.policy.providers import Interval, Policy
from tests.policy.world import compared

BESIDE = (
    "aws_ec2_instances",
    "aws_ec2_network_interfaces",
    "azure_compute_virtual_machine_scale_set_vms",
    "azure_compute_virtual_machines",
    "azure_network_application_security_groups",
    "azure_network_interfaces",
    "azure_network_manager_effective_security_admin_rules",
    "azure_network_route_tables",
    "azure_network_scale_set_network_interfaces",
    "azure_network_service_tags",
    "azure_network_subnets",
    "azure_network_virtual_networks",
    "gcp_compute_instances",
)
"""Instances, and what symbols stand for: a comparison needs these tables, empty as they are."""

COLUMNS = (
    "old_level, new_level, direction, family, peers, service_low, service_high, "
    "local_low, local_high, port_low, port_high"
)
TURNED = "(old_level >= 2) <> (new_level >= 2)"
"""From what is not accepted to what is, or back."""


class Pair(NamedTuple):
    """A policy before and after."""

    kind: Kind
    before: Policy
    after: Policy
    target: str = ""
    """The kind of instance that is asked about, where rules are for some only."""


class Region(NamedTuple):
    """What the SQL says of one pair, without the rules that decide."""

    is_loosened: bool
    direction: str
    family: str
    services: Interval
    peers: tuple[Interval, ...]
    local: Interval
    ports: Interval


def regions_of(folder: Path, pairs: Sequence[Pair]) -> list[list[Region]]:
    """Return what changed for each pair, through documents, rows, store, views and SQL."""
    sides = []
    for side in ("before", "after"):
        documents: defaultdict[str, list[object]] = defaultdict(list)
        for number, pair in enumerate(pairs):
            policy = getattr(pair, side)
            for table, found in pair.kind.documents(f"p{number}x", policy).items():
                documents[table] += found
        sides.append(listed(documents))
    tables = {*sides[0], *sides[1], *BESIDE}
    with compared(folder, *sides, tables=tables, judge=compare) as con:
        problems = con.execute("SELECT * FROM policy.problems").fetchall()
        assert problems == []
        return read(con, pairs)


def read(con: duckdb.DuckDBPyConnection, pairs: Sequence[Pair]) -> list[list[Region]]:
    """Return the regions of each pair by its number; symbols as points among those of its kind."""
    points = points_of(con)
    # NOTE: a target that no rule of a policy names is like any other instance.
    known = con.execute("SELECT policy_id, target FROM policy.subjects").fetchall()
    targets = {(number_of(policy_id), target) for policy_id, target in known if policy_id}
    asked = [p.target if (n, p.target) in targets else "" for n, p in enumerate(pairs)]
    found: list[list[Region]] = [[] for _ in pairs]
    for policy_id, target, *row in con.execute(
        f"SELECT s.policy_id, s.target, {COLUMNS} FROM policy.regions "
        f"JOIN policy.subjects s USING (subject) WHERE s.what = 'policy' AND {TURNED} ORDER BY ALL"
    ).fetchall():
        number = number_of(policy_id)
        if target == asked[number]:
            found[number].append(region(row, pairs[number].kind.symbols, points, policy_id))
    return found


def points_of(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the points of the symbols that stand for nothing known."""
    rows = con.execute("SELECT symbol, low FROM policy.points").fetchall()
    return {symbol.lower(): int(low, 16) for symbol, low in rows}


def region(
    row: Sequence[Any], names: Sequence[str], points: dict[str, int], policy_id: str = ""
) -> Region:
    """Return a row of `COLUMNS` with integers for bounds, and these symbols as points."""
    old, new, direction, family, peers, *sides = row
    bounds = [int(side, 16) if isinstance(side, str) else side for side in sides]
    intervals = [(int(p["low"], 16), int(p["high"], 16)) for p in peers]
    if family == "S":
        intervals = among(intervals, names, points, policy_id)
        bounds[2:4] = 0, len(names) + 1
    services, local, ports = zip(bounds[::2], bounds[1::2], strict=True)
    return Region(new > old, direction, family, services, tuple(intervals), local, ports)


def number_of(policy_id: str) -> int:
    """Return the number in a name such as `p12x`."""
    match = re.search(r"\bp(\d+)x|-p(\d+)x", policy_id)
    assert match is not None, policy_id
    return int(match[1] or match[2])


def among(
    intervals: Iterable[Interval], names: Sequence[str], points: dict[str, int], policy_id: str
) -> list[Interval]:
    """Return the points of these symbols, and the last one for all others.

    A symbol that the store does not know is one of the others.
    """
    found = []
    for low, high in intervals:
        for number, name in enumerate(names):
            point = points.get(name, points.get(f"{name} of {policy_id}".lower(), len(points)))
            if low <= point < high:
                found.append((number, number + 1))
        if low <= len(points) < high:
            found.append((len(names), len(names) + 1))
    return sorted(found)


def boxes(regions: Iterable[Region], *, is_loosened: bool) -> list[Box]:
    """Return the regions of one verdict as boxes."""
    return [
        Box(region.direction, region.family, (region.services, peer, region.local, region.ports))
        for region in regions
        if region.is_loosened == is_loosened
        for peer in region.peers
    ]


def smallest(pair: Pair, failing: Callable[[list[Pair]], list[bool]]) -> Pair:
    """Return a pair that fails with as few rules as there can be; each round is one batch."""
    while True:
        fewer = [
            pair._replace(**{side: {**policy, key: [*found[:n], *found[n + 1 :]]}})
            for side, policy in (("before", pair.before), ("after", pair.after))
            for key, found in policy.items()
            for n in range(len(found))
        ]
        wrong = [one for one, fails in zip(fewer, failing(fewer), strict=True) if fails]
        if not wrong:
            return pair
        pair = wrong[0]
