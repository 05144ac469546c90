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
from auditor.store.hashing import canonical_text, hash_of


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
    stored, texts = _checked(table, row)
    if not is_clean(row, texts):
        stored, _ = _checked(table, redact(dict(row)))
    stable = stored.copy()
    for name in plan.volatile:
        stable.pop(name, None)
    return {
        "row_hash": hash_of(stable),
        "evidence_hash": hash_of(stored),
        **plan.nothing,
        **stored,
    }


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

    checks: tuple[_Check, ...]
    """In the order of the names, in which columns are hashed, so that there is less to sort."""
    names: frozenset[str]
    volatile: tuple[str, ...]
    nothing: Mapping[str, None]
    """A row without any value."""
    schema: pa.Schema


class _Check(NamedTuple):
    """How the values of one column are checked."""

    name: str
    plain: type | None
    """Type of values that are stored as they are."""
    check: Callable[[Any], Any]
    column: ResourceColumn


@cache
def _plan(table: ResourceTable) -> _Plan:
    columns = sorted(table.columns, key=lambda column: column.name)
    return _Plan(
        checks=tuple(_Check(c.name, *_check_of(c), c) for c in columns),
        names=frozenset(c.name for c in columns),
        volatile=tuple(c.name for c in columns if c.volatile),
        nothing=dict.fromkeys(c.name for c in columns),
        schema=stage_schema(table),
    )


def _check_of(column: ResourceColumn) -> tuple[type | None, Callable[[Any], Any]]:
    return (None, canonical_text) if isinstance(column.type, JSONType) else _CHECKS[column.type]


def _checked(table: ResourceTable, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the columns of a row that have a value, as they are stored, and all their texts."""
    stored: dict[str, Any] = {}
    texts: list[str] = []
    for name, plain, check, column in _plan(table).checks:
        value: Any = row.get(name)
        if value is None:
            if column.not_null:
                raise RowError(f"{table.name}.{name} is missing")
            continue
        if type(value) is not plain:
            value = _converted(table, column, check, value)
        stored[name] = value
        if plain is str or check is canonical_text:
            texts.append(value)
        elif check is _strings:
            texts += value
    return stored, texts


def _converted(
    table: ResourceTable, column: ResourceColumn, check: Callable[[Any], Any], value: Any
) -> Any:
    try:
        return check(value)
    except (TypeError, ValueError):
        if check is canonical_text:
            raise
        raise RowError(
            f"{table.name}.{column.name} holds a {type(value).__name__}, not {column.type}"
        ) from None


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
    if type(value) is list and (not value or (len(value) == 1 and type(value[0]) is str)):
        return value
    return sorted(set(map(_text, value)))


_CHECKS: dict[pa.DataType, tuple[type | None, Callable[[Any], Any]]] = {
    pa.string(): (str, _text),
    pa.int64(): (int, _integer),
    pa.bool_(): (bool, _boolean),
    pa.timestamp("us", tz="UTC"): (None, _instant),
    pa.list_(pa.string()): (None, _strings),
}
