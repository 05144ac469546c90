"""The shrink guard: a listing that suddenly lost much of a scope is not believed at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import duckdb

from auditor.model import Coverage, Status

LEAST_ROWS = 10
"""A loss of fewer rows than this is never suspicious."""


def guard_against_shrinking(
    con: duckdb.DuckDBPyConnection,
    coverage: Iterable[Coverage],
    share: float,
    *,
    exempt: Collection[str] = (),
) -> list[Coverage]:
    """Return the coverage with scopes that shrank too much marked as truncated.

    A scope that lost more than `share` of a table's rows since it was last complete counts as
    truncated, unless the reading before this one was truncated for the same reason: then this
    is the second reading that confirms the loss. Tables in `exempt` may shrink: logs do.
    """
    before = _last_complete(con)
    suspected = _suspected_last_time(con)
    checked: list[Coverage] = []
    for item in coverage:
        key = (item.table, item.scope.cloud, item.scope.account_id, item.scope.region)
        known = before.get(key, 0)
        lost = known - item.rows
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


def _last_complete(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str, str], int]:
    rows = con.execute(
        "SELECT table_name, cloud, account_id, region, arg_max(rows, snapshot) "
        "FROM store.coverage WHERE status = 'complete' GROUP BY ALL"
    ).fetchall()
    return {(table, cloud, account, region): n for table, cloud, account, region, n in rows}


def _suspected_last_time(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str, str]]:
    rows = con.execute(
        "SELECT table_name, cloud, account_id, region FROM store.coverage "
        "GROUP BY ALL HAVING arg_max(coalesce(error_kind, ''), snapshot) = 'shrink'"
    ).fetchall()
    return {(table, cloud, account, region) for table, cloud, account, region in rows}
