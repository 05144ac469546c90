"""Compare what policies allow on the two sides of a session: the steps, in order.

The steps are files under `queries/policy`; each makes one table of the schema `policy`. First
`subjects`: what is to be compared, narrowed by hashes. Then `delta`: the comparison itself.
Outside of the boxes of rules that one side only has nothing can differ, so only those are cut into
cells, and each cell is decided on both sides.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from auditor.errors import PolicyError, QueryError
from auditor.policy.changes import tell_changes
from auditor.policy.limit import leave_out_large
from auditor.policy.narrow import find_differing, narrow_sources
from auditor.policy.resolve import resolve_peers, resolve_services
from auditor.policy.sources import create_sources
from auditor.shipped import shipped, split_header

PARTS = ("subjects", "delta", "told")
"""Folders of steps, in the order in which they run."""

_BEFORE = {
    "4_touched": find_differing,
    "5_placed": narrow_sources,
    "00_layers": resolve_services,
    "04_boxes": resolve_peers,
    "05_altered": leave_out_large,
}
"""What is to be done before a step."""

log = logging.getLogger(__name__)


def evaluate(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `policy`; its `changes` and `instance_changes` are the verdicts."""
    con.execute("CREATE SCHEMA policy")
    with _timed("sources"):
        create_sources(con)
    for part in PARTS:
        for path in step_files(part):
            if path.stem in _BEFORE:
                with _timed(f"before {path.stem}"):
                    _BEFORE[path.stem](con)
            _run(con, path)
    with _timed("checks"):
        check(con)
    with _timed("told"):
        tell_changes(con)


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
    with _timed(f"{path.parent.name}/{path.stem}"):
        try:
            kind = "view" if "view" in header else "table"
            con.execute(f"CREATE {kind} policy.{header[kind]} AS {sql}")
        except duckdb.Error as exc:
            raise QueryError(str(exc), where=str(path)) from None


@contextlib.contextmanager
def _timed(step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    log.debug("%s: %.3f s", step, time.perf_counter() - started)
