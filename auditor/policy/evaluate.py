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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb

from auditor.errors import PolicyError, QueryError
from auditor.policy.changes import tell_changes
from auditor.policy.limit import leave_out_large
from auditor.policy.narrow import find_differing, narrow_sources
from auditor.policy.resolve import resolve_peers, resolve_services
from auditor.policy.sources import create_sources
from auditor.shipped import shipped, split_header

_ONE = {
    "changed": "FROM ({}) LIMIT 0",
    "symbols": "FROM ({}) LIMIT 0",
    "fresh": "FROM ({}) LIMIT 0",
    "neighbours": "FROM ({}) LIMIT 0",
    "affected": "FROM policy.wanted",
    "touched": "FROM policy.wanted",
    "instances": "SELECT * REPLACE (coalesce(before, []) AS before, coalesce(after, []) AS after)"
    " FROM ({})",
}
"""Steps that differ where only the instance of `policy.wanted` is looked at: by table."""

Steps = Mapping[str, Callable[[duckdb.DuckDBPyConnection], None]]

_BEFORE_DELTA: Steps = {
    "00_layers": resolve_services,
    "04_boxes": resolve_peers,
    "05_altered": leave_out_large,
}
_BEFORE: Steps = {"4_affected": find_differing, "5_placed": narrow_sources, **_BEFORE_DELTA}
"""What is to be done before a step."""

log = logging.getLogger(__name__)


def evaluate(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `policy`; its `changes` and `instance_changes` are the verdicts."""
    compare(con)
    with _timed("told"):
        tell_changes(con)


def compare(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema `policy` up to its `regions`, and what is told beside them."""
    con.execute("CREATE SCHEMA policy")
    with _timed("sources"):
        create_sources(con)
    for part in ("subjects", "delta", "told"):
        run_steps(con, part)
    with _timed("checks"):
        check(con)


def evaluate_instance(con: duckdb.DuckDBPyConnection, instance_id: str, cloud: str) -> None:
    """Create the schema `policy` up to `regions`, with nothing in it but one instance.

    Nothing is told, and a side that does not have the instance accepts nothing.
    """
    con.execute("CREATE SCHEMA policy")
    con.execute("CREATE TABLE policy.wanted AS SELECT ?::VARCHAR AS instance_id", [instance_id])
    create_sources(con, cloud, instance_id)
    for part in ("subjects", "delta"):
        run_steps(con, part, _ONE, _BEFORE_DELTA)


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


def run_steps(
    con: duckdb.DuckDBPyConnection,
    part: str,
    instead: Mapping[str, str] | None = None,
    before: Steps = _BEFORE,
) -> None:
    """Run the steps of a folder; `instead` has SQL around that of the steps of some tables."""
    for path in step_files(part):
        header, sql = split_header(path)
        kind = "view" if "view" in header else "table"
        name = header[kind]
        around = (instead or {}).get(name, "{}")
        if path.stem in before:
            with _timed(f"before {path.stem}"):
                before[path.stem](con)
        with _timed(f"{part}/{path.stem}"):
            try:
                con.execute(f"CREATE {kind} policy.{name} AS {around.format(sql)}")
            except duckdb.Error as exc:
                raise QueryError(str(exc), where=str(path)) from None


@contextlib.contextmanager
def _timed(step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    log.debug("%s: %.3f s", step, time.perf_counter() - started)
