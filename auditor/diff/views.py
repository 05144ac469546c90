"""The vocabulary: one set of words over all clouds, as views in `queries/views/*.sql`.

Each file is a SELECT over tables without a schema; it becomes a view in every schema that has
these tables (`baseline`, `snapshot`, and the plain one of `audit query`).
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import duckdb

from auditor.policy.sources import COLUMNS, source_files
from auditor.shipped import shipped, split_header
from auditor.store.selects import create_view, names_in

log = logging.getLogger(__name__)


def view_files() -> list[Path]:
    """Return the files of the vocabulary, sorted by name."""
    return sorted((shipped("queries") / "views").glob("*.sql"))


def create_vocabulary(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Create the vocabulary's views in a schema; one whose tables are not there is left out."""
    waiting = view_files()
    while waiting:
        # NOTE: a view may read another one, which then has to be there first.
        left = [path for path in waiting if not create_view(con, schema, path.stem, path)]
        if len(left) == len(waiting):
            log.debug("left out of %s: %s", schema, ", ".join(path.stem for path in left))
            break
        waiting = left


def tables_behind(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """Return the tables that a SELECT reads in the end, without schemas, CTEs and views.

    What is read of the schema `policy` rests on every table that verdicts about policies do.
    """
    views = {path.stem: path for path in view_files()}
    found: set[str] = set()
    for schema, _, name in {name.rpartition(".") for name in names_in(con, sql)}:
        if schema == "policy":
            found |= _behind_policies()
        elif name in views:
            found |= tables_behind(con, split_header(views[name])[1])
        else:
            found.add(name)
    return frozenset(found)


@cache
def _behind_policies() -> frozenset[str]:
    with duckdb.connect() as con:
        texts = [split_header(path)[1] for part in COLUMNS for path in source_files(part)]
        return frozenset(table for sql in texts for table in tables_behind(con, sql))
