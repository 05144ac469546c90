"""What a resource looked like, snapshot by snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from auditor.errors import UsageError
from auditor.model import GLOBAL, Scope, TableSpec
from auditor.store.schema import OPEN
from auditor.store.tables import table_specs


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that the store has ever held."""

    table: str
    scope: Scope
    resource_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """What a resource looked like from one snapshot until another."""

    valid_from: int
    valid_to: int | None
    """First snapshot in which it was different or gone; None while it still holds."""
    since: datetime
    until: datetime | None
    row_hash: str
    columns: dict[str, Any]

    def changes_from(self, older: Version) -> dict[str, tuple[Any, Any]]:
        """Return the columns that differ, with their old and new values."""
        return {
            name: (older.columns.get(name), value)
            for name, value in self.columns.items()
            if older.columns.get(name) != value and name != "document"
        }


def find_resource(con: duckdb.DuckDBPyConnection, text: str, kind: str | None = None) -> Resource:
    """Return the one resource that a person means by an id, the end of an id, or a name.

    `kind` narrows to the tables of one kind, such as `instance`. Raises `UsageError` for none
    and for several, naming those.
    """
    found: list[Resource] = []
    for spec in table_specs(con):
        if kind is not None and spec.kind != kind:
            continue
        found += _matches(con, spec, text)
    ids = {(r.scope, r.resource_id) for r in found}
    if not found:
        raise UsageError(
            f"the store has never seen {text!r}",
            hint="give an id, the end of an id, or a name; audit query can search",
        )
    if len(ids) > 1:
        shown = "\n  ".join(sorted(f"{r.scope} {r.resource_id}" for r in found)[:10])
        raise UsageError(f"{text!r} means {len(ids)} resources:\n  {shown}", hint="give the id")
    # NOTE: other tables say more about an instance under its own id; the machine comes first.
    kinds = {spec.name: spec.kind for spec in table_specs(con)}
    return min(found, key=lambda r: (kinds[r.table] != "instance", r.table))


def timeline(con: duckdb.DuckDBPyConnection, resource: Resource) -> list[Version]:
    """Return all versions of a resource, oldest first."""
    spec = next(s for s in table_specs(con) if s.name == resource.table)
    names = ", ".join(f't."{c.name}"' for c in spec.columns)
    rows = con.execute(
        f"SELECT t.valid_from, nullif(t.valid_to, {OPEN}), a.sealed_at, b.sealed_at, "
        f"t.row_hash::VARCHAR, {names} "
        f'FROM store.inventory."{spec.name}" t JOIN store.snapshot a ON a.id = t.valid_from '
        "LEFT JOIN store.snapshot b ON b.id = t.valid_to "
        "WHERE t.account_id = ? AND t.region = ? AND t.resource_id = ? ORDER BY t.valid_from",
        [resource.scope.account_id, resource.scope.region, resource.resource_id],
    ).fetchall()
    return [_version(spec, row) for row in rows]


def observed_at(
    con: duckdb.DuckDBPyConnection, resource: Resource
) -> list[tuple[int, datetime, str]]:
    """Return each snapshot with its time and how the resource's scope was read in it."""
    rows = con.execute(
        "SELECT s.id, s.sealed_at, coalesce(c.status, 'not read') FROM store.snapshot s "
        "LEFT JOIN store.coverage c ON c.snapshot = s.id AND c.table_name = ? AND c.cloud = ? "
        "AND c.account_id = ? AND c.region IN (?, ?) ORDER BY s.id",
        [
            resource.table,
            resource.scope.cloud,
            resource.scope.account_id,
            resource.scope.region,
            GLOBAL,
        ],
    ).fetchall()
    return [(number, _aware(at), status) for number, at, status in rows]


def _matches(con: duckdb.DuckDBPyConnection, spec: TableSpec, text: str) -> list[Resource]:
    rows = con.execute(
        "SELECT cloud, account_id, region, resource_id, arg_max(name, valid_from) "
        f'FROM store.inventory."{spec.name}" WHERE resource_id = $text OR name = $text '
        "OR ends_with(resource_id, '/' || $text) OR ends_with(resource_id, ':' || $text) "
        "GROUP BY ALL",
        {"text": text},
    ).fetchall()
    return [Resource(spec.name, Scope(c, a, r), i, name) for c, a, r, i, name in rows]


def _version(spec: TableSpec, row: Sequence[Any]) -> Version:
    first, last, since, until, row_hash, *values = row
    columns = {
        column.name: orjson.loads(value) if column.type == "JSON" and value else value
        for column, value in zip(spec.columns, values, strict=True)
    }
    return Version(first, last, _aware(since), _aware(until) if until else None, row_hash, columns)


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)
