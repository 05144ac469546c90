"""Read sealed snapshots back: headers, coverage, and which one a person means."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from auditor.errors import IntegrityError, UsageError
from auditor.model import Coverage, Scope, Snapshot, Status

_COLUMNS = (
    "id, run_id, started_at, sealed_at, tool_version, config_digest, rows, digest, "
    "previous_digest, approval_head, seal"
)


def snapshots(con: duckdb.DuckDBPyConnection) -> list[Snapshot]:
    """Return the headers of all sealed snapshots, oldest first."""
    rows = con.execute(f"SELECT {_COLUMNS} FROM store.snapshot ORDER BY id").fetchall()
    return [_snapshot(row) for row in rows]


def latest_snapshot(con: duckdb.DuckDBPyConnection) -> Snapshot | None:
    """Return the newest sealed snapshot, or None in a new store."""
    row = con.execute(f"SELECT {_COLUMNS} FROM store.snapshot ORDER BY id DESC LIMIT 1").fetchone()
    return _snapshot(row) if row else None


def newest_compared(con: duckdb.DuckDBPyConnection) -> Snapshot | None:
    """Return the newest snapshot that a run has compared, or None where there is none."""
    row = con.execute(
        f"SELECT {_COLUMNS} FROM store.snapshot WHERE id = (SELECT max(snapshot) FROM store.run)"
    ).fetchone()
    return _snapshot(row) if row else None


def find_snapshot(con: duckdb.DuckDBPyConnection, wanted: str | None) -> Snapshot:
    """Return the snapshot that a person named: a number, `latest`, a run id or a UTC time.

    A time means the newest snapshot sealed at or before it. Raises `UsageError`.
    """
    known = snapshots(con)
    if not known:
        raise UsageError("the store holds no snapshot yet", hint="take one: audit run")
    if wanted in (None, "latest"):
        return known[-1]
    for snapshot in known:
        if wanted in (str(snapshot.id), snapshot.run_id):
            return snapshot
    moment = _moment(str(wanted))
    if moment is not None:
        earlier = [s for s in known if s.sealed_at <= moment]
        if earlier:
            return earlier[-1]
    raise UsageError(
        f"no snapshot {wanted!r}",
        hint=f"the store holds 1 to {known[-1].id}, sealed {known[0].sealed_at:%Y-%m-%d %H:%M} "
        f"to {known[-1].sealed_at:%Y-%m-%d %H:%M} UTC",
    )


def coverage_of(con: duckdb.DuckDBPyConnection, snapshot: int) -> list[Coverage]:
    """Return the coverage of a snapshot, sorted by scope and table.

    Raises `IntegrityError` for a status that no run writes.
    """
    rows = con.execute(
        "SELECT table_name, cloud, account_id, region, status, rows, error_kind, detail, digest "
        "FROM store.coverage WHERE snapshot = ? ORDER BY cloud, account_id, region, table_name",
        [snapshot],
    ).fetchall()
    known = set(Status)
    if strange := sorted({str(row[4]) for row in rows} - known):
        raise IntegrityError(
            f"snapshot {snapshot}: its coverage was altered: there is no status {strange[0]!r}",
            hint="restore the store from a copy that you trust",
        )
    return [
        Coverage(table, Scope(cloud, account, region), Status(status), *rest)
        for table, cloud, account, region, status, *rest in rows
    ]


def last_complete(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, Scope], datetime]:
    """Return when each table was last read completely in each scope: the start of that run."""
    rows = con.execute(
        "SELECT c.table_name, c.cloud, c.account_id, c.region, max(s.started_at) "
        "FROM store.coverage c JOIN store.snapshot s ON s.id = c.snapshot "
        "WHERE c.status = 'complete' GROUP BY ALL"
    ).fetchall()
    return {(table, Scope(c, a, r)): _aware(at) for table, c, a, r, at in rows}


def _snapshot(row: tuple[object, ...]) -> Snapshot:
    number, run_id, started, sealed, *rest = row
    return Snapshot(number, run_id, _aware(started), _aware(sealed), *rest)  # type: ignore[arg-type]


def _aware(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, got {type(value).__name__}")
    return value.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
