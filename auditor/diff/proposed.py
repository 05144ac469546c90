"""Two equal sides of a session, one of which gets other rows in some tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.baseline.versions import Content
from auditor.diff.session import SIDES, Session, show_sides
from auditor.model import Status
from auditor.store.snapshots import coverage_of

if TYPE_CHECKING:
    import pyarrow as pa


def show_twice(session: Session, snapshot: int) -> None:
    """Show a snapshot on both sides: what was read completely in it."""
    coverage = coverage_of(session.con, snapshot)
    scopes = {
        (c.table, c.scope): (snapshot, c.digest or "")
        for c in coverage
        if c.status is Status.COMPLETE
    }
    show_sides(session, snapshot, coverage, Content(scopes))


def replace_rows(
    session: Session,
    table: str,
    *,
    gone: Sequence[str] = (),
    after: pa.RecordBatch | None = None,
    both: pa.RecordBatch | None = None,
) -> None:
    """Take rows out of a table of the later side by resource_id, and add rows to it.

    `both` are added to either side. The batches hold prepared rows of that table.
    """
    con = session.con
    spec = next(spec for spec in session.specs if spec.name == table)
    con.execute("CREATE SCHEMA IF NOT EXISTS proposed")
    for kind, batch in (("after", after), ("both", both)):
        con.execute(
            f'CREATE TABLE proposed."{table} {kind}" AS '
            f'SELECT * FROM snapshot."{table}" WHERE false'
        )
        if batch is None:
            continue
        kept = [c for c in spec.columns if c.name in batch.schema.names]
        names = ", ".join(f'"{c.name}"' for c in kept)
        typed = ", ".join(f'"{c.name}"::{c.type}' for c in kept)
        con.register("arriving", batch)
        con.execute(
            f'INSERT INTO proposed."{table} {kind}" ({names}, row_hash) '
            f"SELECT {typed}, row_hash::UUID FROM arriving"
        )
        con.unregister("arriving")
    con.execute(
        f'CREATE TABLE proposed."{table} gone" AS SELECT unnest(?::VARCHAR[]) AS resource_id',
        [list(gone)],
    )
    for side in SIDES:
        con.execute(f'ALTER VIEW {side}."{table}" RENAME TO "{table} as read"')
        read = f'SELECT * FROM {side}."{table} as read"'
        parts = [read, f'SELECT * FROM proposed."{table} both"']
        if side == "snapshot":
            parts[0] += f' ANTI JOIN proposed."{table} gone" USING (resource_id)'
            parts.append(f'SELECT * FROM proposed."{table} after"')
        con.execute(f'CREATE VIEW {side}."{table}" AS ' + " UNION ALL ".join(parts))
