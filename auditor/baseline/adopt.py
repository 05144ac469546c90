"""Take an exported baseline into a store, so that this machine can audit against it.

What it approves becomes a sealed snapshot like any other, so that everything that compares works
on it unchanged. Scopes that the store holds with the same content already are not written again.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from auditor import __version__
from auditor.baseline.log import head, read_log
from auditor.baseline.reading import Export
from auditor.baseline.signatures import folder
from auditor.baseline.versions import Key, versions, write_version
from auditor.config import BaselineConfig
from auditor.errors import BaselineError
from auditor.model import Coverage, Scope, Status, TableSpec
from auditor.store.database import transaction
from auditor.store.seal import SealRequest, seal

_ROWS = 5_000
"""Rows written at once."""


def adopt(
    con: duckdb.DuckDBPyConnection,
    export: Export,
    specs: Sequence[TableSpec],
    *,
    scratch: Path,
    at: datetime,
) -> None:
    """Write a verified export into the store that is attached; a second time changes nothing.

    Raises `BaselineError` where the store has a newer version, or knows less columns.
    """
    wanted = export.baseline
    known = {b.version: b for b in versions(con, wanted.name)}
    if wanted.version in known and known[wanted.version].digest == wanted.digest:
        return
    if known and max(known) >= wanted.version:
        raise BaselineError(
            f"the store holds baseline {wanted.name} v{max(known)} already",
            where=str(export.path),
            hint="export the newest version, or use a store of its own",
        )
    _check_columns(export, specs)
    for rows in _stages(export):
        _seal(con, export, specs, rows, scratch=scratch, at=at)
    held = _held(con, list(export.content.scopes))
    scopes = {
        key: (held[key, digest], digest) for key, (_, digest) in export.content.scopes.items()
    }
    with transaction(con):
        write_version(con, wanted, replace(export.content, scopes=scopes))


def take_log(config: BaselineConfig, export: Export) -> None:
    """Copy the exported approval log and its signatures to where the configuration has its own.

    Raises `BaselineError` where that log says something else.
    """
    own, theirs = read_log(config.approvals), read_log(export.log)
    if [e.sha256 for e in own] != [e.sha256 for e in theirs[: len(own)]]:
        raise BaselineError(
            "the approval log here is not the beginning of the exported one",
            where=str(config.approvals),
            hint="audit against the folder itself: audit run --baseline PATH",
        )
    config.approvals.parent.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder(export.log).glob("*.sig")):
        target = folder(config.approvals) / path.name
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _copy(path, target)
    _copy(export.log, config.approvals)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _check_columns(export: Export, specs: Sequence[TableSpec]) -> None:
    columns = {spec.name: set(spec.hashed_columns) for spec in specs}
    used: defaultdict[str, set[str]] = defaultdict(set)
    for table, rows in export.rows.items():
        used[table] |= {n for part in rows.values() for _, row in part.values() for n in row}
    for (table, _, _), row in export.overridden.items():
        used[table] |= row.keys()
    for table, names in used.items():
        if unknown := sorted(names - columns.get(table, set())):
            raise BaselineError(
                f"this version does not know {table}.{unknown[0]}",
                where=str(export.path),
                hint="use the version of the program that exported it, or a newer one",
            )


Staged = dict[str, list[tuple[str, Mapping[str, Any]]]]
"""Hash and columns of rows by table."""


def _stages(export: Export) -> Iterator[Staged]:
    """Yield what to seal: first the rows that overrides approve, then the rows of the scopes."""
    plain = {
        table: [pair for part in rows.values() for pair in part.values()]
        for table, rows in export.rows.items()
    }
    if export.overridden:
        hashes = {
            (o.table, o.scope, o.resource_id): str(o.row_hash) for o in export.content.overrides
        }
        staged = {
            table: {row["resource_id"]: (row_hash, row) for row_hash, row in pairs}
            for table, pairs in plain.items()
        }
        for (table, scope, resource_id), row in export.overridden.items():
            staged.setdefault(table, {})[resource_id] = (hashes[table, scope, resource_id], row)
        yield {table: list(pairs.values()) for table, pairs in staged.items()}
    yield plain


def _seal(
    con: duckdb.DuckDBPyConnection,
    export: Export,
    specs: Sequence[TableSpec],
    rows: Staged,
    *,
    scratch: Path,
    at: datetime,
) -> None:
    coverage = [Coverage(table, scope, Status.COMPLETE) for table, scope in export.content.scopes]
    with _scratch(scratch):
        request = SealRequest(
            run_id=f"baseline-{export.baseline.name}-v{export.baseline.version}",
            started_at=at,
            sealed_at=at,
            tool_version=__version__,
            config_digest=export.baseline.digest,
            approval_head=head(export.log),
            specs=specs,
            staged={
                spec.name: _parquet(con, spec, rows[spec.name], scratch)
                for spec in specs
                if rows.get(spec.name)
            },
            coverage=sorted(coverage, key=lambda c: (c.table, c.scope)),
            shrink_guard=1,
        )
        seal(con, request)


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[None]:
    shutil.rmtree(path, ignore_errors=True)  # NOTE: a killed import may have left it.
    path.mkdir(mode=0o700, parents=True)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _parquet(
    con: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    scratch: Path,
) -> Path:
    """Write rows as the collection stages them: with both hashes, volatile columns empty."""
    columns = ", ".join(f'"{c.name}" {c.type}' for c in spec.columns)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE adopted (row_hash VARCHAR, evidence_hash VARCHAR, {columns})"
    )
    casts = ", ".join(f"unnest(?::{c.type}[])" for c in spec.columns)
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        hashes = [row_hash for row_hash, _ in some]
        values = [[row.get(c.name) for _, row in some] for c in spec.columns]
        con.execute(
            f"INSERT INTO adopted SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), {casts}",
            [hashes, hashes, *values],
        )
    path = scratch / f"{spec.name}.parquet"
    quoted = str(path).replace("'", "''")
    con.execute(f"COPY adopted TO '{quoted}' (FORMAT parquet)")
    con.execute("DROP TABLE adopted")
    return path


def _held(con: duckdb.DuckDBPyConnection, keys: Sequence[Key]) -> dict[tuple[Key, str], int]:
    """Return the newest snapshot that holds each scope with each content."""
    wanted = set(keys)
    return {
        ((table, Scope(cloud, account, region)), digest): number
        for table, cloud, account, region, digest, number in con.execute(
            "SELECT table_name, cloud, account_id, region, digest, max(snapshot) "
            "FROM store.coverage WHERE status = 'complete' GROUP BY ALL"
        ).fetchall()
        if (table, Scope(cloud, account, region)) in wanted
    }
