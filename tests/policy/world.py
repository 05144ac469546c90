"""Two sides of a store, made of what the providers' APIs return, and what changed between them.

    with compared(tmp_path, before, after) as con:
        con.execute("SELECT * FROM policy.regions")

A side is `{table: [raw, ...]}` with documents as `fetch` yields them; the table's own `transform`
makes rows of them. All are of the scope of the table's cloud unless they come as `(raw, scope)`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from auditor.baseline.standing import approved_baseline
from auditor.baseline.versions import content_of
from auditor.diff.session import open_session, show_sides
from auditor.model import Scope, Status
from auditor.policy.evaluate import evaluate
from auditor.store.snapshots import coverage_of, latest_snapshot
from tests.harness import TABLES, Lab, Overrides, Rows, scope_of

Raws = Mapping[str, Sequence[Any]]

SCOPES = {
    "aws": Scope("aws", "111111111111", "eu-west-1"),
    "azure": Scope("azure", "00000000-0000-0000-0000-000000000001", "global"),
    "gcp": Scope("gcp", "project-1", "global"),
}
"""Where a document is from that does not say: tables of Azure and GCP read whole accounts."""


def rows_of(raws: Raws) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a side."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, some in raws.items():
        table = TABLES[name]
        for item in some:
            raw, scope = item if isinstance(item, tuple) else (item, SCOPES[name.split("_")[0]])
            found.setdefault(name, []).append(dict(table.transform(raw, scope)))
    return found


@contextlib.contextmanager
def compared(
    folder: Path,
    before: Raws,
    after: Raws,
    *,
    scopes: Iterable[Scope] = (),
    unread: Iterable[tuple[str, Scope]] = (),
    never_read: Iterable[tuple[str, Scope]] = (),
    tables: Iterable[str] = TABLES,
    judge: Callable[[duckdb.DuckDBPyConnection], None] = evaluate,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with the tables of the schema `policy` over these two sides.

    `scopes` are read even if they hold nothing. `unread` tables are not read on the later side,
    `never_read` ones on neither. The store has these `tables` only; few are made in less time.
    `judge` may be `compare` where nobody asks for sentences.
    """
    lab = Lab(folder, known=tables, tables=tables)
    known = [*SCOPES.values(), *scopes]
    never = dict.fromkeys(never_read, Status.DENIED)
    rows = rows_of(before)
    lab.seal(rows, scopes=known, coverage=_regions(rows) | never)
    lab.approve()
    rows = rows_of(after)
    lab.seal(
        rows,
        scopes=known,
        coverage=_regions(rows) | never | dict.fromkeys(unread, Status.DENIED),
    )
    with open_session(lab.config.store) as session:
        con = session.con
        snapshot = latest_snapshot(con)
        baseline = approved_baseline(con, lab.config.baseline)
        assert snapshot is not None and baseline is not None
        show_sides(session, snapshot.id, coverage_of(con, snapshot.id), content_of(con, baseline))
        judge(con)
        yield con


def _regions(rows: Rows) -> Overrides:
    """Take the regions of accounts that are read as a whole out of the coverage."""
    scopes = {scope_of(row) for some in rows.values() for row in some}
    return {("*", s): None for s in scopes if s.cloud != "aws" and s.region != "global"}
