"""Which instances a change gets to: by their profiles, and by the addresses that they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from auditor.policy.intervals import meet, network_bounds
from auditor.policy.regions import Region
from auditor.policy.severity import Reach


class Instances:
    """The instances that were looked at, with what changed for each."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, regions: Mapping[int, Sequence[Region]]
    ) -> None:
        self._regions = regions
        self._addresses = read_addresses(con) if _is_limited(regions) else {}
        self._by_policy: defaultdict[str, list[tuple[str, str | None, str, int]]]
        self._by_policy = defaultdict(list)
        rows = con.execute(
            "SELECT DISTINCT p.policy_id, i.instance_id, n.name, s.what, s.subject "
            "FROM policy.placed p JOIN policy.instances i USING (instance_id) "
            "JOIN policy.subjects s ON s.what = i.kind AND s.before = i.before "
            "AND s.after = i.after LEFT JOIN policy.names n USING (instance_id) "
            "SEMI JOIN policy.changed c ON c.policy_id = p.policy_id "
            "WHERE p.side = 'snapshot' ORDER BY ALL"
        ).fetchall()
        for policy_id, *rest in rows:
            self._by_policy[policy_id].append(tuple(rest))

    def regions(self, instance_id: str, subject: int) -> list[Region]:
        """Return the regions of a subject that are about an instance: those at its addresses."""
        found = self._regions.get(subject, ())
        return at_addresses(found, self._addresses.get(instance_id))

    def reached(
        self, policy_id: str, changed: Sequence[Region]
    ) -> tuple[Reach, list[str | None], list[str | None]]:
        """Return how far changed regions of a policy get, and the instances exposed and reached.

        Instances are given by name, or by nothing where they have none.
        """
        instances = self._by_policy.get(policy_id)
        if not instances:
            return Reach.UNUSED, [], []
        got: dict[str, list[str | None]] = {"exposure": [], "profile": []}
        for instance_id, name, what, subject in instances:
            found = self.regions(instance_id, subject)
            if any(_same_traffic(r, c) for r in found for c in changed):
                got[what].append(name)
        if got["exposure"]:
            return Reach.EXPOSED, got["exposure"], got["profile"]
        return (Reach.REACHED if got["profile"] else Reach.BLOCKED), [], got["profile"]


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


def _is_limited(regions: Mapping[int, Sequence[Region]]) -> bool:
    return any(region.local for some in regions.values() for region in some)


def _is_at(region: Region, address: tuple[str, str]) -> bool:
    # NOTE: bounds of one family are of one width.
    return meet((address,), [own for own in region.local if len(own[0]) == len(address[0])])
