"""Which instances a change gets to: by their profiles, and by the addresses that they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from auditor.policy.intervals import meet, network_bounds
from auditor.policy.regions import Region
from auditor.policy.severity import Reach

NAMED = 3
"""How many instances a reason names before it counts the rest."""

_GROUPS = """
WITH placed AS (
    SELECT DISTINCT p.policy_id, p.instance_id, n.name
    FROM policy.placed AS p
    SEMI JOIN policy.changed AS c ON c.policy_id = p.policy_id
    LEFT JOIN policy.names AS n USING (instance_id)
    WHERE p.side = 'snapshot'
),

every AS (
    SELECT p.*, s.what, s.subject
    FROM placed AS p
    JOIN policy.instances AS i USING (instance_id)
    JOIN policy.subjects AS s ON s.what = i.kind AND s.before = i.before AND s.after = i.after
    UNION ALL
    SELECT *, 'new', NULL FROM placed SEMI JOIN policy.fresh USING (instance_id)
)

SELECT policy_id, what, subject,
    CASE WHEN list_contains($limited, subject) THEN instance_id END AS alone,
    count(*),
    coalesce(list(DISTINCT name ORDER BY name) FILTER (WHERE name IS NOT NULL), [])[:$named]
FROM every
GROUP BY ALL
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Some instances: how many, and names of the first, without repetition."""

    count: int = 0
    names: Sequence[str] = ()

    def __add__(self, other: Group) -> Group:
        names = sorted({*self.names, *other.names})[:NAMED]
        return Group(self.count + other.count, names)


class Instances:
    """The instances that were looked at, with what changed for each."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, regions: Mapping[int, Sequence[Region]]
    ) -> None:
        self._regions = regions
        limited = [n for n, some in regions.items() if any(region.local for region in some)]
        self._addresses = read_addresses(con) if limited else {}
        self._by_policy: defaultdict[str, list[tuple[str, Sequence[Region], Group]]]
        self._by_policy = defaultdict(list)
        rows = con.execute(_GROUPS, {"limited": limited, "named": NAMED}).fetchall()
        for policy_id, what, subject, alone, count, names in rows:
            found = regions.get(subject, ()) if alone is None else self.regions(alone, subject)
            self._by_policy[policy_id].append((what, found, Group(count, names)))

    def regions(self, instance_id: str, subject: int) -> list[Region]:
        """Return the regions of a subject that are about an instance: those at its addresses."""
        found = self._regions.get(subject, ())
        return at_addresses(found, self._addresses.get(instance_id))

    def reached(self, policy_id: str, changed: Sequence[Region]) -> tuple[Reach, Group]:
        """Return how far changed regions of a policy get, and the instances that they get to.

        A new instance has no verdict of its own: a policy that applies to it gets there.
        """
        groups = self._by_policy.get(policy_id)
        if not groups:
            return Reach.UNUSED, Group()
        got = dict.fromkeys(("exposure", "profile", "new"), Group())
        for what, found, group in groups:
            if what == "new" or any(_same_traffic(r, c) for r in found for c in changed):
                got[what] += group
        if got["exposure"].count:
            return Reach.EXPOSED, got["exposure"]
        reached = got["profile"] if got["profile"].count else got["new"]
        return (Reach.REACHED if reached.count else Reach.BLOCKED), reached


def read_addresses(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Return the addresses of each instance as intervals; one that cannot be read is left out."""
    rows = con.execute(
        "SELECT instance_id, list_distinct(flatten(list(addresses))) "
        "FROM snapshot.policy_touched_paths WHERE addresses IS NOT NULL GROUP BY instance_id"
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for instance_id, addresses in rows:
        try:
            found[instance_id] = [network_bounds(address)[1:] for address in addresses]
        except ValueError:
            continue  # NOTE: then all is told of it rather than nothing.
    return found


def at_addresses(regions: Iterable[Region], own: Sequence[tuple[str, str]] | None) -> list[Region]:
    """Return the regions that are about some addresses; all of them where none are known."""
    if own is None:
        return list(regions)
    return [r for r in regions if not r.local or any(_is_at(r, address) for address in own)]


def _same_traffic(one: Region, other: Region) -> bool:
    """Return whether two regions of one verdict and direction share services."""
    return (
        one.verdict is other.verdict
        and one.direction == other.direction
        and meet((one.service,), (other.service,))
    )


def _is_at(region: Region, address: tuple[str, str]) -> bool:
    # NOTE: bounds of one family are of one width.
    return meet((address,), [own for own in region.local if len(own[0]) == len(address[0])])
