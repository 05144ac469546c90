"""Rows to Arrow: strict, redacted, canonical and hashed once.

A value that does not fit its column is an error of that row, never a silent conversion: a row
that cannot be stored makes its scope incomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa
from cloudquery.sdk.types import JSONType

from auditor.collect.redact import is_clean, redact
from auditor.collect.table import ResourceColumn, ResourceTable
from auditor.store.hashing import canonical_text, row_hash


class RowError(ValueError):
    """A row that does not fit its table; says which column, never the value."""


def prepare(table: ResourceTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as it is stored: redacted, checked, canonical, with its two hashes.

    `row_hash` covers the columns that are not volatile; `evidence_hash` covers all of them, so
    that a later edit of any stored value is found.
    """
    plan = _plan(table)
    unknown = row.keys() - plan.names
    if unknown:
        raise RowError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    stored = _checked(table, row)
    if not is_clean(row, _texts(stored)):
        stored = _checked(table, redact(dict(row)))
    hashed = {name: stored[name] for name in plan.hashed}
    return {"row_hash": row_hash(hashed), "evidence_hash": row_hash(stored), **stored}


def to_batch(table: ResourceTable, rows: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return prepared rows as one Arrow batch in the form that the stage stores."""
    return pa.RecordBatch.from_pylist(list(rows), schema=_plan(table).schema)


def stage_schema(table: ResourceTable) -> pa.Schema:
    """Return the Arrow schema of a table's staged rows: JSON as text, instants without zone."""
    fields = [pa.field("row_hash", pa.string()), pa.field("evidence_hash", pa.string())]
    for column in table.columns:
        kind = column.type
        if isinstance(kind, JSONType):
            kind = pa.string()
        elif pa.types.is_timestamp(kind):
            kind = pa.timestamp("us")
        fields.append(pa.field(column.name, kind))
    return pa.schema(fields)


class _Plan(NamedTuple):
    """What storing a row of a table needs, worked out once."""

    checks: tuple[tuple[str, Callable[[Any], Any], ResourceColumn], ...]
    names: frozenset[str]
    hashed: tuple[str, ...]
    schema: pa.Schema


@cache
def _plan(table: ResourceTable) -> _Plan:
    return _Plan(
        checks=tuple((c.name, _check_of(c), c) for c in table.columns),
        names=frozenset(c.name for c in table.columns),
        hashed=tuple(c.name for c in table.columns if not c.volatile),
        schema=stage_schema(table),
    )


def _check_of(column: ResourceColumn) -> Callable[[Any], Any]:
    return canonical_text if isinstance(column.type, JSONType) else _CHECKS[column.type]


def _checked(table: ResourceTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row in the form in which they are stored."""
    stored: dict[str, Any] = {}
    for name, check, column in _plan(table).checks:
        value = row.get(name)
        if value is None:
            if column.not_null:
                raise RowError(f"{table.name}.{name} is missing")
            stored[name] = None
            continue
        try:
            stored[name] = check(value)
        except (TypeError, ValueError):
            if check is canonical_text:
                raise
            raise RowError(
                f"{table.name}.{name} holds a {type(value).__name__}, not {column.type}"
            ) from None
    return stored


def _texts(stored: Mapping[str, Any]) -> list[str]:
    """Return every text of a row that was checked."""
    texts: list[str] = []
    for value in stored.values():
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            texts += value
    return texts


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _instant(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return value.astimezone(UTC).replace(tzinfo=None)


def _strings(value: Any) -> list[str]:
    return sorted(set(map(_text, value)))


_CHECKS = {
    pa.string(): _text,
    pa.int64(): _integer,
    pa.bool_(): _boolean,
    pa.timestamp("us", tz="UTC"): _instant,
    pa.list_(pa.string()): _strings,
}
