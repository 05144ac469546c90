"""Turn staged rows and coverage into a sealed snapshot: one transaction, all or nothing.

A row version holds from `valid_from` until before `valid_to`. Sealing snapshot n closes the
open versions that a completely read scope no longer shows and adds those it shows for the
first time; an unchanged row costs nothing. A scope that was not read completely is left as
it was: its rows stay open and count as unobserved in this snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from auditor.model import Coverage, Scope, Snapshot, Status, TableSpec
from auditor.store.database import transaction
from auditor.store.digests import (
    EMPTY_DIGEST,
    content_digest,
    inserted_digest,
    scope_digests,
    seal_digest,
)
from auditor.store.guard import guard_against_shrinking, newly_ended
from auditor.store.hashing import utc
from auditor.store.schema import OPEN
from auditor.store.tables import covers, empty_tables, ensure_tables, insert_columns


@dataclass(frozen=True, slots=True)
class SealRequest:
    """What a run collected, ready to become a snapshot."""

    run_id: str
    started_at: datetime
    sealed_at: datetime
    tool_version: str
    config_digest: str
    approval_head: str | None
    specs: Sequence[TableSpec]
    staged: Mapping[str, Path]
    """Parquet file of each table that has rows."""
    coverage: Sequence[Coverage]
    shrink_guard: float = 0.5


def seal(con: duckdb.DuckDBPyConnection, request: SealRequest) -> tuple[Snapshot, list[Coverage]]:
    """Seal one snapshot into the store that is attached for writing.

    Returns the snapshot and its coverage, with row counts and digests of what was stored.
    """
    with transaction(con):
        number = _next_number(con)
        ensure_tables(con, request.specs, number)
        events = {spec.name for spec in request.specs if spec.kind == "event"}
        staged = {table: _parquet(path) for table, path in request.staged.items()}
        coverage = guard_against_shrinking(
            con,
            _counted(con, request),
            request.shrink_guard,
            exempt=events,
            ended=newly_ended(con, request.specs, staged, number - 1),
        )
        _mark_done(con, coverage)
        idle = empty_tables(con) - set(request.staged)
        touched = {
            spec.name: _apply(con, spec, request.staged.get(spec.name), number)
            for spec in request.specs
            if spec.name not in idle
        }
        coverage = _with_digests(con, coverage, touched)
        snapshot = _write_header(con, request, number, coverage)
    return snapshot, coverage


def _next_number(con: duckdb.DuckDBPyConnection) -> int:
    last = con.execute("SELECT coalesce(max(id), 0) FROM store.snapshot").fetchone()
    return int(last[0]) + 1 if last else 1


def _counted(con: duckdb.DuckDBPyConnection, request: SealRequest) -> list[Coverage]:
    """Find the newest reading of each staged resource, and count resources per scope."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE seen (table_name VARCHAR, cloud VARCHAR, "
        "account_id VARCHAR, region VARCHAR, resource_id VARCHAR, row_hash UUID, "
        "row_number BIGINT, readings BIGINT)"
    )
    for table, path in request.staged.items():
        # NOTE: a listing that pages while resources change may show one twice; the later
        # reading is the truer one.
        con.execute(
            "INSERT INTO seen SELECT ?, cloud, account_id, region, resource_id, "
            "arg_max(row_hash::UUID, file_row_number), max(file_row_number), count(*) "
            f"FROM {_parquet(path)} GROUP BY ALL",
            [table],
        )
    rows_in: Counter[tuple[str, Scope]] = Counter()
    twice_in: Counter[tuple[str, Scope]] = Counter()
    for table, cloud, account, region, rows, twice in con.execute(
        "SELECT table_name, cloud, account_id, region, count(*), "
        "count(*) FILTER (readings > 1) FROM seen GROUP BY ALL"
    ).fetchall():
        here = Scope(cloud, account, region)
        for scope in {here, here.whole_account}:
            rows_in[table, scope] += rows
            twice_in[table, scope] += twice
    counted: list[Coverage] = []
    for item in request.coverage:
        rows, twice = rows_in[item.table, item.scope], twice_in[item.table, item.scope]
        note = f"{twice} listed twice, the later reading kept" if twice else None
        counted.append(replace(item, rows=rows, detail=item.detail or note))
    return counted


def _mark_done(con: duckdb.DuckDBPyConnection, coverage: Iterable[Coverage]) -> None:
    """Note the scopes that were read completely, and forget what the others showed."""
    done = [c for c in coverage if c.status is Status.COMPLETE]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE done AS SELECT unnest(?::VARCHAR[]) AS table_name, "
        "unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS account_id, "
        "unnest(?::VARCHAR[]) AS region",
        [
            [c.table for c in done],
            [c.scope.cloud for c in done],
            [c.scope.account_id for c in done],
            [c.scope.region for c in done],
        ],
    )
    con.execute(
        "DELETE FROM seen WHERE NOT EXISTS (SELECT 1 FROM done d WHERE "
        f"d.table_name = seen.table_name AND {covers('d', 'seen')})"
    )


def _apply(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, staged: Path | None, number: int
) -> set[Scope]:
    """Close and insert row versions of one table; return the scopes in which any changed."""
    table = f'store.inventory."{spec.name}"'
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE shut AS
        SELECT t.rowid AS id, t.cloud, t.account_id, t.region FROM {table} t
        WHERE t.valid_to = {OPEN}
          AND {spec.kind != "event"}
          AND EXISTS (SELECT 1 FROM done d WHERE d.table_name = '{spec.name}'
                      AND {covers("d", "t")})
          AND NOT EXISTS (SELECT 1 FROM seen s WHERE s.table_name = '{spec.name}'
                          AND s.account_id = t.account_id AND s.region = t.region
                          AND s.resource_id = t.resource_id AND s.row_hash = t.row_hash)
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT s.row_number, s.cloud, s.account_id, s.region FROM seen s
        WHERE s.table_name = '{spec.name}'
          AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.valid_to = {OPEN}
                          AND s.account_id = t.account_id AND s.region = t.region
                          AND s.resource_id = t.resource_id AND s.row_hash = t.row_hash)
        """
    )
    touched = {
        Scope(*row)
        for row in con.execute(
            "SELECT DISTINCT d.cloud, d.account_id, d.region FROM done d JOIN ("
            "SELECT account_id, region FROM shut UNION SELECT account_id, region FROM fresh) r "
            f"ON {covers('d', 'r')} WHERE d.table_name = '{spec.name}'"
        ).fetchall()
    }
    if touched:
        _change(con, spec, staged, number)
    return touched


def _change(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, staged: Path | None, number: int
) -> None:
    table = f'store.inventory."{spec.name}"'
    con.execute(f"UPDATE {table} SET valid_to = {number} WHERE rowid IN (SELECT id FROM shut)")
    if staged is not None:
        names = ", ".join(f'"{c.name}"' for c in spec.columns)
        con.execute(
            f"INSERT INTO {table} (valid_from, valid_to, row_hash, evidence_hash, {names}) "
            f"SELECT {number}, {OPEN}, row_hash::UUID, evidence_hash::UUID, {names} "
            f"FROM {_parquet(staged)} WHERE file_row_number IN (SELECT row_number FROM fresh)"
        )
    counts = con.execute(
        "SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM shut)"
    ).fetchone() or (0, 0)
    con.execute(
        "INSERT INTO store.table_change VALUES (?, ?, ?, ?, ?)",
        [number, spec.name, *counts, inserted_digest(con, spec.name, number)],
    )


def _with_digests(
    con: duckdb.DuckDBPyConnection,
    coverage: Sequence[Coverage],
    touched: Mapping[str, set[Scope]],
) -> list[Coverage]:
    """Add the digest of each completely read scope; an untouched scope keeps its last one."""
    fresh = {
        (table, scope): value
        for table, scopes in touched.items()
        if scopes
        for scope, value in scope_digests(con, table, scopes).items()
    }
    known = {
        (table, Scope(cloud, account, region)): value
        for table, cloud, account, region, value in con.execute(
            "SELECT table_name, cloud, account_id, region, arg_max(digest, snapshot) "
            "FROM store.coverage WHERE status = 'complete' GROUP BY ALL"
        ).fetchall()
    }
    return [
        replace(item, digest=fresh.get(key) or known.get(key) or EMPTY_DIGEST)
        if item.status is Status.COMPLETE
        else item
        for item in coverage
        for key in [(item.table, item.scope)]
    ]


def _write_header(
    con: duckdb.DuckDBPyConnection,
    request: SealRequest,
    number: int,
    coverage: Sequence[Coverage],
) -> Snapshot:
    last = con.execute("SELECT seal FROM store.snapshot ORDER BY id DESC LIMIT 1").fetchone()
    snapshot = Snapshot(
        id=number,
        run_id=request.run_id,
        started_at=request.started_at,
        sealed_at=request.sealed_at,
        tool_version=request.tool_version,
        config_digest=request.config_digest,
        rows=sum(c.rows for c in coverage if c.status is Status.COMPLETE),
        digest=content_digest(coverage),
        previous_digest=last[0] if last else None,
        approval_head=request.approval_head,
        seal="",
    )
    snapshot = replace(snapshot, seal=seal_digest(snapshot, coverage))
    con.execute(
        "INSERT INTO store.snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            snapshot.id,
            snapshot.run_id,
            utc(snapshot.started_at),
            utc(snapshot.sealed_at),
            snapshot.tool_version,
            snapshot.config_digest,
            snapshot.rows,
            snapshot.digest,
            snapshot.previous_digest,
            snapshot.approval_head,
            snapshot.seal,
        ],
    )
    insert_columns(
        con,
        "coverage",
        {
            "snapshot": number,
            "table_name": [c.table for c in coverage],
            "cloud": [c.scope.cloud for c in coverage],
            "account_id": [c.scope.account_id for c in coverage],
            "region": [c.scope.region for c in coverage],
            "status": [c.status.value for c in coverage],
            "rows": [c.rows for c in coverage],
            "error_kind": [c.error_kind for c in coverage],
            "detail": [c.detail for c in coverage],
            "digest": [c.digest for c in coverage],
        },
    )
    return snapshot


def _parquet(path: Path) -> str:
    quoted = str(path).replace("'", "''")
    return f"read_parquet('{quoted}', file_row_number = true)"
