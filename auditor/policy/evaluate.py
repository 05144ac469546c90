"""Compare what policies allow on the two sides of a session: the steps, in order.

The steps are files under `queries/policy`; each makes one table of the schema `policy`. First
`subjects`: what is to be compared, narrowed by hashes. Then `delta`: the comparison itself.
Outside of the boxes of rules that one side only has nothing can differ, so only those are cut into
cells, and each cell is decided on both sides.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import duckdb

from auditor.errors import PolicyError, QueryError
from auditor.policy.changes import tell_changes
from auditor.policy.resolve import resolve
from auditor.policy.sources import create_sources
from auditor.shipped import shipped, split_header

PARTS = ("subjects", "delta", "told")
"""Folders of steps, in the order in which they run."""

log = logging.getLogger(__name__)


def evaluate(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `policy`; its `changes` and `instance_changes` are the verdicts."""
    compare(con)
    tell_changes(con)


def compare(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `policy` up to its `regions`, and what is told beside them."""
    con.execute("CREATE SCHEMA policy")
    create_sources(con)
    for part in PARTS:
        for path in step_files(part):
            _run(con, path)
        if part == "subjects":
            resolve(con)
    check(con)


def check(con: duckdb.DuckDBPyConnection) -> None:
    """Raise `PolicyError` where an evaluation contradicts itself: no verdict can rest on it."""
    for path in step_files("checks"):
        _, sql = split_header(path)
        problems = con.execute(f"{sql} LIMIT 1").fetchall()
        if problems:
            raise PolicyError(
                f"policies cannot be compared: {problems[0][0]}",
                where=str(path),
                hint="this is a bug: please report it, with the policy that it is about",
            )


def step_files(part: str) -> list[Path]:
    """Return the files of the steps in the order in which they run: their names are numbered."""
    return sorted((shipped("queries") / "policy" / part).glob("*.sql"))


def _run(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    header, sql = split_header(path)
    started = time.perf_counter()
    try:
        con.execute(f"CREATE TABLE policy.{header['table']} AS {sql}")
    except duckdb.Error as exc:
        raise QueryError(str(exc), where=str(path)) from None
    log.debug("policy.%s: %.3f s", header["table"], time.perf_counter() - started)
