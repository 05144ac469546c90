"""The vocabulary: one set of words over all clouds, as views in `queries/views/*.sql`.

Each file is a SELECT over tables without a schema; it becomes a view in every schema that has
these tables (`baseline`, `snapshot`, and the plain one of `audit query`).
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import duckdb

from auditor.diff.cohorts import SILENCING, cohort_files
from auditor.policy.sources import COLUMNS, source_files
from auditor.shipped import shipped, split_header
from auditor.store.selects import create_view, names_in

log = logging.getLogger(__name__)


_WEIGHING = frozenset({"baseline.circumstances", "snapshot.circumstances"})
"""They only make findings more or less severe: no query rests on the tables behind them."""


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

    What is read of the schemas `policy` and `cohort` rests on every table that their steps read,
    but for what only takes findings away; the schema `behaviour` rests on the configuration.
    """
    views = {path.stem: path for path in view_files()}
    found: set[str] = set()
    for schema, _, name in {
        name.rpartition(".") for name in names_in(con, sql) - SILENCING - _WEIGHING
    }:
        if schema in ("policy", "cohort"):
            found |= _behind(schema)
        elif schema == "behaviour":
            continue
        elif name in views:
            found |= tables_behind(con, split_header(views[name])[1])
        else:
            found.add(name)
    return frozenset(found)


@cache
def _behind(schema: str) -> frozenset[str]:
    if schema == "policy":
        paths = [path for part in COLUMNS for path in source_files(part)]
    else:
        paths = cohort_files()
    texts = [split_header(path)[1] for path in paths]
    with duckdb.connect() as con:
        # NOTE: a step may read one before it, which is among the steps anyway.
        names = {name for sql in texts for name in names_in(con, sql)}
        outside = [f"FROM {name}" for name in names if not name.startswith(f"{schema}.")]
        return frozenset(table for sql in outside for table in tables_behind(con, sql))
