"""The inventory's tables in the store: created from their definitions, read back without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import orjson

from auditor.errors import IntegrityError
from auditor.model import GLOBAL, ColumnSpec, TableSpec
from auditor.store.hashing import canonical_text

HISTORY_COLUMNS = ("valid_from", "valid_to", "row_hash", "evidence_hash")
"""What each inventory table has before the columns of its definition."""


def ensure_tables(
    con: duckdb.DuckDBPyConnection, specs: Iterable[TableSpec], snapshot: int
) -> None:
    """Create tables and add columns that the store does not have yet.

    Call inside a transaction. A column that a table no longer has stays, with its history.
    """
    known = {spec.name: spec for spec in table_specs(con)}
    changed = [spec for spec in specs if known.get(spec.name) != spec]
    if not changed:
        return
    for spec in changed:
        old = known.get(spec.name)
        if old is None:
            _create(con, spec)
            continue
        have = {column.name for column in old.columns}
        for column in spec.columns:
            if column.name not in have:
                con.execute(
                    f'ALTER TABLE store.inventory."{spec.name}" '
                    f'ADD COLUMN "{column.name}" {_storage(column)}'
                )
    _describe(con, changed, snapshot)


def table_specs(con: duckdb.DuckDBPyConnection) -> list[TableSpec]:
    """Return every table that the store holds, sorted by name.

    Raises `IntegrityError` for a description that no run writes.
    """
    columns: dict[str, list[ColumnSpec]] = {}
    for table, *rest in con.execute(
        "SELECT table_name, column_name, type, description, volatile "
        "FROM store.column_info ORDER BY table_name, position"
    ).fetchall():
        columns.setdefault(table, []).append(ColumnSpec(*rest))
    rows = con.execute(
        "SELECT table_name, cloud, title, description, kind, owner_column, gone "
        "FROM store.table_info ORDER BY table_name"
    ).fetchall()
    return [
        TableSpec(
            name=name,
            cloud=cloud,
            title=title,
            description=description,
            columns=tuple(columns.get(name, ())),
            kind=kind,
            owner=owner,
            gone=_gone(name, gone),
        )
        for name, cloud, title, description, kind, owner, gone in rows
    ]


def empty_tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the tables of the inventory without a row of any snapshot, so as to skip them.

    Rows that the open transaction has added do not count.
    """
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = 'store' AND schema_name = 'inventory' AND estimated_size = 0"
    ).fetchall()
    return {name for (name,) in rows}


def covers(scope: str, row: str) -> str:
    """Return the SQL condition that a scope holds a row, both given by their aliases.

    The scope `global` of an account holds the rows of all its regions: a table is read either
    region by region or for a whole account at once, never both.
    """
    return f"{scope}.account_id = {row}.account_id AND {scope}.region IN ({row}.region, '{GLOBAL}')"


def present(spec: TableSpec, alias: str) -> str:
    """Return the SQL condition that a row is a resource that still exists."""
    parts = [
        f'coalesce({alias}."{column}" NOT IN ({", ".join(_literal(v) for v in values)}), true)'
        for column, values in spec.gone.items()
    ]
    return " AND ".join(parts) or "true"


def insert_columns(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Sequence[Any] | Any]
) -> None:
    """Insert many rows given as columns; a value that is no list is the same in each row."""
    lists = {name for name, values in columns.items() if isinstance(values, list)}
    if lists and not columns[next(iter(lists))]:
        return
    chosen = ", ".join("unnest(?)" if name in lists else "?" for name in columns)
    con.execute(
        f"INSERT INTO store.{table} ({', '.join(columns)}) SELECT {chosen}", list(columns.values())
    )


def _gone(table: str, text: str) -> dict[str, tuple[str, ...]]:
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise IntegrityError(
            f"{table}: what table_info says of it was altered",
            hint="restore the store from a copy that you trust",
        )
    return {key: tuple(values) for key, values in found.items()}


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _storage(column: ColumnSpec) -> str:
    # NOTE: zstd makes JSON text eight times smaller than the default encoding here.
    return "JSON USING COMPRESSION zstd" if column.type == "JSON" else column.type


def _create(con: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
    columns = ",\n".join(f'"{c.name}" {_storage(c)}' for c in spec.columns)
    con.execute(
        f'CREATE TABLE store.inventory."{spec.name}" (valid_from INTEGER, valid_to INTEGER, '
        f"row_hash UUID, evidence_hash UUID,\n{columns})"
    )


def _describe(con: duckdb.DuckDBPyConnection, specs: Sequence[TableSpec], snapshot: int) -> None:
    """Write down tables and columns anew; a column keeps the snapshot since which it is there."""
    names = [spec.name for spec in specs]
    since = {
        (table, column): number
        for table, column, number in con.execute(
            "SELECT table_name, column_name, since_snapshot FROM store.column_info"
        ).fetchall()
    }
    for kept in ("table_info", "column_info"):
        con.execute(
            f"DELETE FROM store.{kept} WHERE table_name IN (SELECT unnest(?::VARCHAR[]))", [names]
        )
    columns = [(s.name, c, n) for s in specs for n, c in enumerate(s.columns)]
    insert_columns(
        con,
        "column_info",
        {
            "table_name": [table for table, _, _ in columns],
            "column_name": [c.name for _, c, _ in columns],
            "type": [c.type for _, c, _ in columns],
            "description": [c.description for _, c, _ in columns],
            "volatile": [c.volatile for _, c, _ in columns],
            "position": [position for _, _, position in columns],
            "since_snapshot": [since.get((table, c.name), snapshot) for table, c, _ in columns],
        },
    )
    insert_columns(
        con,
        "table_info",
        {
            "table_name": names,
            "cloud": [s.cloud for s in specs],
            "title": [s.title for s in specs],
            "description": [s.description for s in specs],
            "kind": [s.kind for s in specs],
            "owner_column": [s.owner for s in specs],
            "gone": [canonical_text(s.gone) for s in specs],
            "since_snapshot": snapshot,
        },
    )
