"""What the SQL says of policies and instances with its levels, against the levels of an opinion."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import duckdb

from tests.policy.above import Levels
from tests.policy.kinds import listed
from tests.policy.pairs import COLUMNS, Region, points_of, region
from tests.policy.points import Grid
from tests.policy.providers import DIRECTIONS

WHATS = {"profile": DIRECTIONS, "exposure": ("ingress",)}
"""What is compared of an instance, and in which directions."""


class Told(NamedTuple):
    """One region, and the levels between which it changed."""

    old: int
    new: int
    region: Region


def instances_told(
    con: duckdb.DuckDBPyConnection, names: Sequence[str]
) -> defaultdict[tuple[str, str], list[Told]]:
    """Return what changed for each instance, by `profile` or `exposure` and the end of its id."""
    points = points_of(con)
    found: defaultdict[tuple[str, str], list[Told]] = defaultdict(list)
    for what, instance, *row in con.execute(
        f"SELECT s.what, i.instance_id, {COLUMNS} FROM policy.regions "
        "JOIN policy.subjects AS s USING (subject) JOIN policy.instances AS i "
        "ON i.kind = s.what AND i.before = s.before AND i.after = s.after"
    ).fetchall():
        told = Told(row[0], row[1], region(row, names, points))
        found[what, instance.rpartition("/")[2]].append(told)
    return found


def policies_told(
    con: duckdb.DuckDBPyConnection, names: Sequence[str]
) -> dict[tuple[str, str], list[Told]]:
    """Return what changed for each policy that was compared, by its id and the target."""
    points = points_of(con)
    asked = "FROM policy.subjects AS s {} WHERE s.what = 'policy'"
    subjects = con.execute(f"SELECT policy_id, target {asked.format('')}").fetchall()
    found: dict[tuple[str, str], list[Told]] = {subject: [] for subject in subjects}
    regions = asked.format("JOIN policy.regions USING (subject)")
    for policy_id, target, *row in con.execute(
        f"SELECT s.policy_id, s.target, {COLUMNS} {regions}"
    ).fetchall():
        told = Told(row[0], row[1], region(row, names, points, policy_id))
        found[policy_id, target].append(told)
    return found


def are_right(
    grid: Grid, told: Sequence[Told], truth: Callable[[int, str], Levels], directions: Iterable[str]
) -> bool:
    """Say whether what was told changed; `truth` takes the side, 0 or 1, and a direction."""
    by_levels: defaultdict[tuple[int, int], list[Region]] = defaultdict(list)
    for one in told:
        by_levels[one.old, one.new].append(one.region)
    for direction in directions:
        old, new = (truth(side, direction) for side in (0, 1))
        for a, b in itertools.permutations(range(4), 2):
            changed = grid.reported(by_levels[a, b], direction, is_loosened=b > a)
            if changed != old[a] & new[b]:
                return False
    return {one.region.direction for one in told} <= {*directions}


def listed_together(some: Iterable[Mapping[str, Sequence[Any]]]) -> dict[str, list[Any]]:
    """Return one side of a store with the documents of many estates."""
    documents: defaultdict[str, list[Any]] = defaultdict(list)
    for one in some:
        for table, found in one.items():
            documents[table] += found
    return listed(documents)
