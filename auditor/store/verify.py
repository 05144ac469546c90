"""Recompute every hash of the store and compare: what was altered, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from auditor.model import Coverage, Scope, Snapshot, Status, TableSpec
from auditor.store.digests import (
    content_digest,
    inserted_digest,
    run_digests,
    scope_digests,
    seal_digest,
)
from auditor.store.hashing import row_hash
from auditor.store.schema import OPEN, RUN_DIGESTS
from auditor.store.snapshots import coverage_of, snapshots
from auditor.store.tables import table_specs

_ROWS = 5_000
"""Rows held in memory at once."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification looked at and what it found."""

    snapshots: int
    rows: int
    problems: tuple[str, ...]


def verify_store(con: duckdb.DuckDBPyConnection) -> Verification:
    """Check row hashes, scope digests, content digests, and the chain of seals."""
    problems = list(_check_catalogue(con))
    rows = 0
    for spec in _sound_specs(con):
        count, found = _check_rows(con, spec)
        rows += count
        problems += found
    headers = snapshots(con)
    problems += _check_times(con, headers)
    problems += _check_chain(con, headers)
    problems += _check_digests(con, headers)
    problems += _check_inserts(con)
    problems += _check_runs(con)
    problems += _check_versions(con)
    return Verification(len(headers), rows, tuple(problems))


def _check_catalogue(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Hold what the store says of its tables against the tables themselves."""
    stored = _stored_columns(con)
    described = [spec.name for spec in table_specs(con)]
    for name in sorted({*described, *stored}):
        if described.count(name) != 1 or name not in stored:
            yield f"{name}: what table_info says of it was altered"
    named = con.execute("SELECT DISTINCT table_name FROM store.column_info").fetchall()
    for name in sorted({str(name) for (name,) in named} - set(described)):
        yield f"{name}: column_info says of columns, but there is no such table"
    for spec in table_specs(con):
        if spec.name in stored and not _is_sound(spec, stored):
            yield f"{spec.name}: what column_info says of its columns was altered"


def _sound_specs(con: duckdb.DuckDBPyConnection) -> list[TableSpec]:
    stored = _stored_columns(con)
    return [spec for spec in table_specs(con) if _is_sound(spec, stored)]


def _is_sound(spec: TableSpec, stored: Mapping[str, Mapping[str, str]]) -> bool:
    """Say whether the columns of a table are described as they are."""
    columns = [(c.name, c.type) for c in spec.columns]
    have = stored.get(spec.name, {}).items()
    return bool(columns) and len(set(columns)) == len(columns) and set(columns) <= set(have)


def _stored_columns(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return name and type of each column of each table of the inventory."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'store' AND schema_name = 'inventory'"
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _check_rows(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> tuple[int, list[str]]:
    names = [c.name for c in spec.columns]
    hashed = {c.name for c in spec.columns if not c.volatile}
    chosen = ", ".join(f'"{name}"' for name in names)
    result = con.execute(
        f"SELECT valid_from, row_hash::VARCHAR, evidence_hash::VARCHAR, {chosen} "
        f'FROM store.inventory."{spec.name}"'
    )
    problems: list[str] = []
    count = 0
    while chunk := result.fetchmany(_ROWS):
        count += len(chunk)
        for valid_from, stored, evidence, *values in chunk:
            row = dict(zip(names, values, strict=True))
            same = row_hash({n: v for n, v in row.items() if n in hashed}) == stored
            if not same or row_hash(row) != evidence:
                problems.append(
                    f"{spec.name} {row['resource_id']} of snapshot {valid_from}: "
                    f"{'its content' if not same else 'a volatile column'} was altered"
                )
    return count, problems


def _check_times(con: duckdb.DuckDBPyConnection, headers: list[Snapshot]) -> Iterator[str]:
    last = headers[-1].id if headers else 0
    for spec in _sound_specs(con):
        for resource_id, valid_from, valid_to in con.execute(
            f'SELECT resource_id, valid_from, valid_to FROM store.inventory."{spec.name}" '
            "WHERE valid_from NOT BETWEEN 1 AND $last OR valid_to <= valid_from "
            "OR (valid_to > $last AND valid_to <> $open) ORDER BY ALL",
            {"last": last, "open": OPEN},
        ).fetchall():
            yield (
                f"{spec.name} {resource_id}: holds from snapshot {valid_from} until {valid_to}, "
                "which no run wrote"
            )


def _check_chain(con: duckdb.DuckDBPyConnection, headers: list[Snapshot]) -> Iterator[str]:
    previous: Snapshot | None = None
    for header in headers:
        expected = previous.seal if previous else None
        if header.previous_digest != expected:
            yield f"snapshot {header.id}: does not continue the snapshot before it"
        if previous and header.id != previous.id + 1:
            yield f"snapshot {previous.id + 1}: is missing"
        if seal_digest(header, coverage_of(con, header.id)) != header.seal:
            yield f"snapshot {header.id}: its header or coverage was altered"
        previous = header
    for (number,) in con.execute(
        "SELECT snapshot FROM store.coverage UNION SELECT snapshot FROM store.table_change "
        "EXCEPT SELECT id FROM store.snapshot ORDER BY ALL"
    ).fetchall():
        yield f"snapshot {number}: its header is missing"


def _check_digests(con: duckdb.DuckDBPyConnection, headers: list[Snapshot]) -> Iterator[str]:
    known: dict[tuple[str, Scope], str | None] = {}
    for header in headers:
        coverage = coverage_of(con, header.id)
        read = {(c.table, c.scope): c.digest for c in coverage if c.status is Status.COMPLETE}
        # NOTE: which tables changed is taken from the sealed coverage, not from table_change.
        changed = {key[0] for key, value in read.items() if known.get(key) != value}
        known |= read
        if content_digest(coverage) != header.digest:
            yield f"snapshot {header.id}: its digest is not that of its scopes"
        last = header is headers[-1]
        tables = {c.table for c in coverage} if last else changed
        for table in sorted(tables):
            yield from _check_scopes(con, header.id, table, coverage)


def _check_scopes(
    con: duckdb.DuckDBPyConnection, number: int, table: str, coverage: list[Coverage]
) -> Iterator[str]:
    if not _is_table(con, table):
        yield f"snapshot {number}: its coverage names {table}, which is no table"
        return
    wanted: dict[Scope, str | None] = {
        c.scope: c.digest for c in coverage if c.table == table and c.status is Status.COMPLETE
    }
    for scope, digest in scope_digests(con, table, wanted, at=number).items():
        if digest != wanted[scope]:
            yield f"snapshot {number}: rows of {table} in {scope} were added, dropped or altered"


def _check_inserts(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for number, table, digest, *said in con.execute(
        "SELECT snapshot, table_name, digest, inserted, closed FROM store.table_change ORDER BY ALL"
    ).fetchall():
        if not _is_table(con, table):
            yield f"snapshot {number}: it changed {table}, which is no table"
            continue
        if inserted_digest(con, table, number) != digest:
            yield f"snapshot {number}: the rows that it added to {table} were altered"
        counts = con.execute(
            "SELECT count(*) FILTER (valid_from = ?), count(*) FILTER (valid_to = ?) "
            f'FROM store.inventory."{table}"',
            [number, number],
        ).fetchone()
        if counts != tuple(said):
            yield f"snapshot {number}: the counts of what it changed in {table} were altered"
    for spec in _sound_specs(con):
        for (number,) in con.execute(
            f'SELECT valid_from FROM store.inventory."{spec.name}" UNION SELECT valid_to '
            f'FROM store.inventory."{spec.name}" WHERE valid_to <> {OPEN} EXCEPT '
            "SELECT snapshot FROM store.table_change WHERE table_name = ? ORDER BY ALL",
            [spec.name],
        ).fetchall():
            yield f"snapshot {number}: that it changed {spec.name} is not recorded"


def _check_runs(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    columns = {name for name, *_ in con.execute("DESCRIBE store.run").fetchall()}
    if "digest" not in columns:
        return  # NOTE: an older version wrote all runs of the store.
    stored = dict(con.execute("SELECT snapshot, digest FROM store.run").fetchall())
    unsigned = {
        number
        for (number,) in con.execute(
            "SELECT snapshot FROM store.run WHERE digest IS NULL AND finished_at < "
            "(SELECT max(applied_at) FROM store.migration WHERE version = ?)",
            [RUN_DIGESTS],
        ).fetchall()
    }
    for number, digest in sorted(run_digests(con).items()):
        if number not in stored:
            yield f"snapshot {number}: its findings are recorded, but not the run that found them"
        elif digest != stored[number] and number not in unsigned:
            yield f"snapshot {number}: what its run recorded, outcome or findings, was altered"
    for (number,) in con.execute(
        "SELECT snapshot FROM store.run EXCEPT SELECT id FROM store.snapshot ORDER BY ALL"
    ).fetchall():
        yield f"snapshot {number}: its run is recorded, but it is missing"
    for fingerprint, last in con.execute(
        "SELECT fingerprint, last_seen FROM store.finding WHERE last_seen IS NULL "
        "OR last_seen < first_seen OR last_seen NOT IN (SELECT snapshot FROM store.run) "
        "ORDER BY ALL"
    ).fetchall():
        yield f"finding {fingerprint[:8]}: last seen in snapshot {last}, which no run says"


def _check_versions(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Find what stands twice; the approval log is held against the rest where it is read."""
    for table, key in (
        ("baseline_version", ""),
        ("baseline_scope", ", table_name, cloud, account_id, region"),
    ):
        for name, version in con.execute(
            f"SELECT DISTINCT name, version FROM (SELECT name, version FROM store.{table} "
            f"GROUP BY name, version{key} HAVING count(*) > 1) ORDER BY ALL"
        ).fetchall():
            yield f"baseline {name} v{version}: a row of {table} stands twice"


def _is_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'store' "
        "AND schema_name = 'inventory' AND table_name = ?",
        [name],
    ).fetchone()
    return bool(found and found[0])


@dataclass(frozen=True, slots=True)
class Stats:
    """Size of the store, for people who operate it."""

    bytes: int
    snapshots: int
    first: datetime | None
    last: datetime | None
    tables: tuple[tuple[str, int, int], ...]
    """Name, rows that hold now, row versions kept."""


def store_stats(con: duckdb.DuckDBPyConnection) -> Stats:
    """Return how much the store holds."""
    size = con.execute(
        "SELECT used_blocks * block_size FROM pragma_database_size() WHERE database_name = 'store'"
    ).fetchone()
    headers = snapshots(con)
    tables = []
    for spec in table_specs(con):
        row = con.execute(
            f"SELECT count(*) FILTER (valid_to = {OPEN}), count(*) "
            f'FROM store.inventory."{spec.name}"'
        ).fetchone() or (0, 0)
        tables.append((spec.name, int(row[0]), int(row[1])))
    return Stats(
        bytes=int(size[0]) if size else 0,
        snapshots=len(headers),
        first=headers[0].sealed_at if headers else None,
        last=headers[-1].sealed_at if headers else None,
        tables=tuple(tables),
    )
