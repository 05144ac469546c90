"""The vocabulary: one set of words over all clouds, as views in `queries/views/*.sql`.

Each file is a SELECT over tables without a schema; it becomes a view in every schema that has
these tables (`baseline`, `snapshot`, and the plain one of `audit query`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import duckdb
import orjson

from auditor.errors import QueryError
from auditor.shipped import shipped, split_header

log = logging.getLogger(__name__)


def view_files() -> list[Path]:
    """Return the files of the vocabulary, sorted by name."""
    return sorted((shipped("queries") / "views").glob("*.sql"))


def macro_files() -> list[Path]:
    """Return the files of the functions that views share, sorted by name."""
    return sorted((shipped("queries") / "views" / "macros").glob("*.sql"))


def create_vocabulary(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Create the vocabulary's views in a schema; one whose tables are not there is left out."""
    for path in macro_files():
        con.execute(split_header(path)[1])
    con.execute(f"USE memory.{schema}")
    try:
        waiting = view_files()
        while waiting:
            # NOTE: a view may read another one, which then has to be there first.
            left = [path for path in waiting if not _created(con, path)]
            if len(left) == len(waiting):
                log.debug("left out of %s: %s", schema, ", ".join(path.stem for path in left))
                break
            waiting = left
    finally:
        con.execute("USE memory.main")


def _created(con: duckdb.DuckDBPyConnection, path: Path) -> bool:
    _, sql = split_header(path)
    try:
        con.execute(f'CREATE VIEW "{path.stem}" AS {sql}')
    except duckdb.CatalogException:
        return False
    except duckdb.Error as exc:
        raise QueryError(str(exc), where=str(path)) from None
    return True


def tables_behind(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """Return the tables that a SELECT reads in the end, without schemas, CTEs and views."""
    views = {path.stem: path for path in view_files()}
    found: set[str] = set()
    for name in {name.rpartition(".")[2] for name in names_in(con, sql)}:
        if name in views:
            found |= tables_behind(con, split_header(views[name])[1])
        else:
            found.add(name)
    return frozenset(found)


def names_in(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """Return the names that a SELECT reads, as it writes them, without its CTEs."""
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
