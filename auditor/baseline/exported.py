"""A baseline as files: what another machine audits against, and what a pull request shows.

`manifest.json` (canonical JSON) names the version and the sha256 of every other file. Beside it
are the approval log with its signatures, the lists of what the version approves, and the approved
rows: one JSON line per resource, sorted, so that the same version gives the same bytes and a
change of the baseline is a readable difference.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson

from auditor.baseline.signatures import folder as signature_folder
from auditor.baseline.versions import Content, Override
from auditor.config import BaselineConfig
from auditor.errors import BaselineError
from auditor.model import Baseline, Scope, TableSpec
from auditor.store.hashing import canonical, canonical_text, hash_of
from auditor.store.tables import covers, table_specs

FORMAT = 1
MANIFEST = "manifest.json"
LOG = "approvals.jsonl"


def export(
    con: duckdb.DuckDBPyConnection,
    config: BaselineConfig,
    baseline: Baseline,
    content: Content,
    target: Path,
) -> Path:
    """Write a version, which the caller has verified, as files; a former export is replaced.

    Raises `BaselineError` where the folder holds something else or cannot be written.
    """
    if target.exists() and any(target.iterdir()) and not (target / MANIFEST).exists():
        raise BaselineError(
            "the folder holds something that is no exported baseline",
            where=str(target),
            hint="name another one with --output",
        )
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "tables").mkdir(parents=True)
        sums = {
            name: sha256
            for name, lines in _files(con, config, content)
            if (sha256 := _written(fresh / name, lines))
        }
        (fresh / MANIFEST).write_bytes(_manifest(con, baseline, content, sums))
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except OSError as exc:
        shutil.rmtree(fresh, ignore_errors=True)
        raise BaselineError(
            f"the baseline cannot be exported: {exc.strerror}", where=str(target)
        ) from exc
    return target


def _written(path: Path, lines: Iterable[bytes]) -> str | None:
    """Write a file line by line; return its sha256, or None where a table has no line."""
    hashed = hashlib.sha256()
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for line in lines:
            hashed.update(line)
            file.write(line)
        is_empty = file.tell() == 0
    if is_empty and path.parent.name == "tables":
        path.unlink()
        return None
    return hashed.hexdigest()


def line_of(spec: TableSpec, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as its line shows it: hashed columns that are not NULL, JSON as JSON."""
    json = set(json_columns(spec))
    present = {name: row[name] for name in spec.hashed_columns if row[name] is not None}
    return {
        "row": {name: _shown(v) if name in json else v for name, v in present.items()},
        "row_hash": hash_of(present),
    }


def json_columns(spec: TableSpec) -> list[str]:
    """Return the columns whose text is shown as JSON."""
    return [c.name for c in spec.columns if c.type == "JSON" and not c.volatile]


def as_stored(json: Collection[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a line as the store holds it and the hash covers it."""
    return {
        name: canonical_text(value) if name in json and not isinstance(value, str) else value
        for name, value in row.items()
    }


def _shown(text: str) -> Any:
    """Return a JSON text as an object or list where that gives the same text back."""
    value = orjson.loads(text)
    is_exact = isinstance(value, dict | list) and canonical_text(value) == text
    return value if is_exact else text


def _files(
    con: duckdb.DuckDBPyConnection, config: BaselineConfig, content: Content
) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield LOG, [config.approvals.read_bytes()]
    for path in sorted(signature_folder(config.approvals).glob("*.sig")):
        yield f"{LOG.removesuffix('.jsonl')}.d/{path.name}", [path.read_bytes()]
    yield (
        "scopes.jsonl",
        _lines(
            {"table": table, **_place(scope), "digest": digest}
            for (table, scope), (_, digest) in content.scopes.items()
        ),
    )
    yield (
        "acceptances.jsonl",
        _lines(
            {
                "table": a.table,
                **_place(a.scope),
                "fingerprint": a.fingerprint,
                "content_hash": a.content_hash,
            }
            for a in content.acceptances
        ),
    )
    specs = {spec.name: spec for spec in table_specs(con)}
    yield "overrides.jsonl", _lines(_overrides(con, specs, content))
    for table in sorted({table for table, _ in content.scopes}):
        yield f"tables/{table}.jsonl", _rows(con, specs[table], content)


def _rows(con: duckdb.DuckDBPyConnection, spec: TableSpec, content: Content) -> Iterator[bytes]:
    scopes = [
        (scope, at) for (table, scope), (at, _) in content.scopes.items() if table == spec.name
    ]
    found = con.execute(
        f'SELECT {_chosen(spec)} FROM store.inventory."{spec.name}" t '
        "JOIN (SELECT unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS account_id, "
        "unnest(?::VARCHAR[]) AS region, unnest(?::INTEGER[]) AS snapshot) AS w "
        f"ON {covers('w', 't')} AND w.cloud = t.cloud "
        "WHERE t.valid_from <= w.snapshot AND t.valid_to > w.snapshot "
        "ORDER BY t.account_id, t.region, t.resource_id",
        [
            [scope.cloud for scope, _ in scopes],
            [scope.account_id for scope, _ in scopes],
            [scope.region for scope, _ in scopes],
            [at for _, at in scopes],
        ],
    )
    while row := found.fetchone():
        yield canonical(line_of(spec, dict(zip(spec.hashed_columns, row, strict=True)))) + b"\n"


def _overrides(
    con: duckdb.DuckDBPyConnection, specs: Mapping[str, TableSpec], content: Content
) -> Iterator[dict[str, Any]]:
    by_table: defaultdict[str, list[Override]] = defaultdict(list)
    for override in content.overrides:
        by_table[override.table].append(override)
    for table, overrides in by_table.items():
        rows = _overridden(con, specs[table], overrides)
        for number, o in enumerate(overrides):
            yield {
                "table": o.table,
                **_place(o.scope),
                "resource_id": o.resource_id,
                "row_hash": o.row_hash,
                "row": rows.get(number),
            }


def _overridden(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, overrides: Sequence[Override]
) -> dict[int, dict[str, Any]]:
    """Return the rows that overrides approve, by their place in the list."""
    found = con.execute(
        f"SELECT o.number, {_chosen(spec)} FROM (SELECT unnest(range(?)) AS number, "
        "unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS region, "
        "unnest(?::VARCHAR[]) AS resource_id, unnest(?::UUID[]) AS row_hash) o "
        f'JOIN store.inventory."{spec.name}" t ON t.account_id = o.account_id '
        "AND t.region = o.region AND t.resource_id = o.resource_id AND t.row_hash = o.row_hash "
        "QUALIFY row_number() OVER (PARTITION BY o.number ORDER BY t.valid_from) = 1",
        [
            len(overrides),
            [o.scope.account_id for o in overrides],
            [o.scope.region for o in overrides],
            [o.resource_id for o in overrides],
            [o.row_hash for o in overrides],
        ],
    ).fetchall()
    names = spec.hashed_columns
    return {
        number: line_of(spec, dict(zip(names, row, strict=True)))["row"] for number, *row in found
    }


def _chosen(spec: TableSpec) -> str:
    return ", ".join(f't."{name}"' for name in spec.hashed_columns)


def _place(scope: Scope) -> dict[str, str]:
    return {"cloud": scope.cloud, "account_id": scope.account_id, "region": scope.region}


def _lines(items: Iterable[Mapping[str, Any]]) -> list[bytes]:
    return sorted(canonical(item) + b"\n" for item in items)


def _manifest(
    con: duckdb.DuckDBPyConnection,
    baseline: Baseline,
    content: Content,
    sums: Mapping[str, str],
) -> bytes:
    used = {table for table, _ in content.scopes} | {o.table for o in content.overrides}
    document = {
        "format": FORMAT,
        "name": baseline.name,
        "version": baseline.version,
        "digest": baseline.digest,
        "files": dict(sums),
        "json_columns": {s.name: json_columns(s) for s in table_specs(con) if s.name in used},
    }
    return canonical(document) + b"\n"
