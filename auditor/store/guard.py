"""The shrink guard: a listing that suddenly lost much of a scope is not believed at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import duckdb

from auditor.model import Coverage, Status, TableSpec
from auditor.store.tables import present

LEAST_ROWS = 10
"""A loss of fewer rows than this is never suspicious."""

_SCALED = {
    "aws": ("aws_ec2_instances", "aws_autoscaling_instances"),
    "gcp": ("gcp_compute_instances", "gcp_compute_managed_instances"),
}
"""Instances, and members of groups: listings of two services that lose the same when groups scale
in."""

_FOLLOWERS = {
    *("aws_ec2_instance_attributes", "aws_ec2_network_interfaces", "aws_ec2_ebs_volumes"),
    "gcp_compute_disks",
}
"""What comes and goes with instances, and loses the same share."""

_Key = tuple[str, str, str, str]


def guard_against_shrinking(
    con: duckdb.DuckDBPyConnection,
    coverage: Iterable[Coverage],
    share: float,
    *,
    exempt: Collection[str] = (),
    ended: Mapping[_Key, int] | None = None,
) -> list[Coverage]:
    """Return the coverage with scopes that shrank too much marked as truncated.

    A scope that lost more than `share` of a table's rows since it was last complete counts as
    truncated, unless the reading before this one was truncated for the same reason: then this
    is the second reading that confirms the loss. What instances and members of groups lost
    alike was scaled in; `ended` says how many more instances of a table and scope are listed as
    gone now. Tables in `exempt` may shrink: logs do.
    """
    before = _last_complete(con)
    suspected = _suspected_last_time(con)
    read = {_key(item): item for item in coverage}
    checked: list[Coverage] = []
    for key, item in read.items():
        known = before.get(key, 0)
        lost = known - item.rows - _scaled_in(key, before, read, ended or {})
        if (
            item.status is Status.COMPLETE
            and item.table not in exempt
            and lost >= LEAST_ROWS
            and lost > share * known
            and key not in suspected
        ):
            checked.append(
                replace(
                    item,
                    status=Status.TRUNCATED,
                    error_kind="shrink",
                    detail=f"{item.rows} rows where the last complete reading had {known}; "
                    "counts as truncated until the next run confirms it",
                )
            )
        else:
            checked.append(item)
    return checked


def newly_ended(
    con: duckdb.DuckDBPyConnection,
    specs: Iterable[TableSpec],
    staged: Mapping[str, str],
    last: int,
) -> Counter[_Key]:
    """Return how many more instances are listed as gone than in the snapshot before.

    `staged` has the SQL of what was read of each table.
    """
    found: Counter[_Key] = Counter()
    wanted = {pair[0] for pair in _SCALED.values()}
    for spec in specs:
        if spec.name not in wanted or spec.name not in staged or not spec.gone:
            continue
        table = f'store.inventory."{spec.name}"'
        held = f"t.valid_from <= {last} AND t.valid_to > {last}"
        for sign, source, when in ((1, staged[spec.name], "true"), (-1, table, held)):
            rows = con.execute(
                f"SELECT t.cloud, t.account_id, t.region, count(*) FROM {source} AS t "
                f"WHERE {when} AND NOT ({present(spec, 't')}) GROUP BY ALL"
            )
            for cloud, account, region, count in rows.fetchall():
                found[spec.name, cloud, account, region] += sign * count
    return found


def _scaled_in(
    key: _Key,
    before: Mapping[_Key, int],
    read: Mapping[_Key, Coverage],
    ended: Mapping[_Key, int],
) -> float:
    """Return how many rows of a table scaling explains."""
    table, cloud, account, region = key
    pair = _SCALED.get(cloud, ())
    if table not in _FOLLOWERS and table not in pair:
        return 0
    keys = [(name, cloud, account, region) for name in pair]
    alike = min(
        before.get(k, 0) - read[k].rows + max(ended.get(k, 0), 0)
        if k in read and read[k].status is Status.COMPLETE
        else 0
        for k in keys
    )
    if alike <= 0:
        return 0
    return before.get(key, 0) * alike / before[keys[0]] if table in _FOLLOWERS else alike


def _key(item: Coverage) -> _Key:
    return item.table, item.scope.cloud, item.scope.account_id, item.scope.region


def _last_complete(con: duckdb.DuckDBPyConnection) -> dict[_Key, int]:
    rows = con.execute(
        "SELECT table_name, cloud, account_id, region, arg_max(rows, snapshot) "
        "FROM store.coverage WHERE status = 'complete' GROUP BY ALL"
    ).fetchall()
    return {(table, cloud, account, region): n for table, cloud, account, region, n in rows}


def _suspected_last_time(con: duckdb.DuckDBPyConnection) -> set[_Key]:
    rows = con.execute(
        "SELECT table_name, cloud, account_id, region FROM store.coverage "
        "GROUP BY ALL HAVING arg_max(coalesce(error_kind, ''), snapshot) = 'shrink'"
    ).fetchall()
    return {(table, cloud, account, region) for table, cloud, account, region in rows}
