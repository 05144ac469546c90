"""Groups of instances on both sides of a session: what autoscaling explains, and what it does not.

The steps are files under `queries/cohorts`; each makes one table of the schema `cohort`. They
compare every new member with the template that was approved for its group, so that the drift
queries share one answer: `explained` holds the instances about which nothing else is to be said.
A table that cannot be read explains nothing, and what was not read silences nothing.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import duckdb

from auditor.errors import QueryError
from auditor.shipped import shipped, split_header

_SILENCING = {
    "explained": "resource_id VARCHAR, settles BOOLEAN, group_resource_id VARCHAR, "
    "group_table VARCHAR",
    "recreated": "account_id VARCHAR, region VARCHAR, resource_id VARCHAR, "
    "old_resource_id VARCHAR, old_name VARCHAR, is_unsure BOOLEAN",
    "told": "account_id VARCHAR, region VARCHAR, table_name VARCHAR, resource_id VARCHAR, "
    "column_name VARCHAR",
    "unsure": "account_id VARCHAR, resource_id VARCHAR",
}
"""Tables that are there, and empty, in a store without the tables of groups."""

SILENCING = frozenset(f"cohort.{name}" for name in _SILENCING)
"""They only take findings away or leave them open: no query rests on the tables behind them."""

log = logging.getLogger(__name__)


def show_cohorts(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `cohort`; a step whose tables the store does not have is left out."""
    con.execute("CREATE SCHEMA cohort")
    for path in cohort_files():
        header, sql = split_header(path)
        started = time.perf_counter()
        try:
            con.execute(f"CREATE TABLE cohort.{header['table']} AS {sql}")
        except duckdb.CatalogException:
            log.debug("%s: left out", header["table"])
        except duckdb.Error as exc:
            raise QueryError(str(exc), where=str(path)) from None
        log.debug("%s: %.3f s", header["table"], time.perf_counter() - started)
    for name, columns in _SILENCING.items():
        con.execute(f"CREATE TABLE IF NOT EXISTS cohort.{name} ({columns})")


def cohort_files() -> list[Path]:
    """Return the files of the steps in the order in which they run: their names are numbered."""
    return sorted((shipped("queries") / "cohorts").glob("*.sql"))
