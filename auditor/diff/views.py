"""The vocabulary: one set of words over all clouds, as views in `queries/views/*.sql`.

Each file is a SELECT over tables without a schema; it becomes a view in every schema that has
these tables (`baseline`, `snapshot`, and the plain one of `audit query`).
"""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb

from auditor.diff.queries import split_header
from auditor.errors import QueryError
from auditor.shipped import shipped

log = logging.getLogger(__name__)


def view_files() -> list[Path]:
    """Return the files of the vocabulary, sorted by name."""
    return sorted((shipped("queries") / "views").glob("*.sql"))


def create_vocabulary(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Create the vocabulary's views in a schema; one whose tables are not there is left out."""
    con.execute(f"USE memory.{schema}")
    try:
        for path in view_files():
            _, sql = split_header(path)
            try:
                con.execute(f'CREATE VIEW "{path.stem}" AS {sql}')
            except duckdb.CatalogException as exc:
                log.debug("view %s is left out of %s: %s", path.stem, schema, exc)
            except duckdb.Error as exc:
                raise QueryError(str(exc), where=str(path)) from None
    finally:
        con.execute("USE memory.main")
