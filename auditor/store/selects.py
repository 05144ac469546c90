"""SELECTs in files: views of them, and the tables that they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import orjson

from auditor.errors import QueryError
from auditor.shipped import split_header


def create_view(con: duckdb.DuckDBPyConnection, schema: str, name: str, path: Path) -> bool:
    """Create a view of a file over the tables of a schema; False where they are not there.

    Raises `QueryError` for SQL that is wrong.
    """
    con.execute(f"USE memory.{schema}")
    try:
        con.execute(f'CREATE VIEW "{name}" AS {split_header(path)[1]}')
    except duckdb.CatalogException:
        return False
    except duckdb.Error as exc:
        raise QueryError(str(exc), where=str(path)) from None
    finally:
        con.execute("USE memory.main")
    return True


_names: dict[str, frozenset[str]] = {}
"""What `names_in` found, by SQL: the same files are looked into many times."""


def names_in(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """Return the names that a SELECT reads, as it writes them, without its CTEs."""
    if sql not in _names:
        _names[sql] = _parsed_names(con, sql)
    return _names[sql]


def _parsed_names(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    row = con.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchone()
    tables: set[str] = set()
    ctes: set[str] = set()
    nodes: list[Any] = [orjson.loads(row[0])] if row else []
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, dict):
            nodes += node.values()
            ctes |= {cte["key"] for cte in (node.get("cte_map") or {}).get("map", ())}
            if node.get("type") == "BASE_TABLE":
                tables.add(".".join(filter(None, (node["schema_name"], node["table_name"]))))
    return frozenset(tables - ctes)
