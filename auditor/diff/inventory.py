"""The store as people query it: resources by table name, their history, coverage, findings."""

from __future__ import annotations

from auditor.diff.session import Session
from auditor.diff.views import create_vocabulary
from auditor.store.schema import OPEN
from auditor.store.tables import covers, present


def show_inventory(session: Session, snapshot: int) -> None:
    """Create the views of `audit query` for a snapshot.

    `<table>`: resources that exist, as last read; `observed` says whether their scope was read
    completely in this very snapshot. `history.<table>`: every row version with its times.
    """
    con = session.con
    con.execute("CREATE SCHEMA history")
    for spec in session.specs:
        names = ", ".join(f't."{c.name}"' for c in spec.columns)
        stored = f'store.inventory."{spec.name}" t'
        con.execute(
            f'CREATE VIEW main."{spec.name}" AS SELECT {names}, EXISTS (SELECT 1 FROM '
            f"store.coverage c WHERE c.snapshot = {snapshot} AND c.table_name = '{spec.name}' "
            f"AND {covers('c', 't')} "
            "AND c.status = 'complete') AS observed "
            f"FROM {stored} WHERE t.valid_from <= {snapshot} AND t.valid_to > {snapshot} "
            f"AND {present(spec, 't')}"
        )
        con.execute(
            f'CREATE VIEW history."{spec.name}" AS SELECT t.valid_from, '
            f"nullif(t.valid_to, {OPEN}) AS valid_to, a.sealed_at AS since, "
            f"b.sealed_at AS until, t.row_hash, {names} FROM {stored} "
            "JOIN store.snapshot a ON a.id = t.valid_from "
            "LEFT JOIN store.snapshot b ON b.id = t.valid_to"
        )
    con.execute("CREATE VIEW main.snapshots AS SELECT * FROM store.snapshot")
    con.execute("CREATE VIEW main.baselines AS SELECT * FROM store.baseline_version")
    con.execute(
        f"CREATE VIEW main.coverage AS SELECT * FROM store.coverage WHERE snapshot = {snapshot}"
    )
    con.execute("CREATE VIEW history.coverage AS SELECT * FROM store.coverage")
    con.execute(
        "CREATE VIEW main.findings AS SELECT f.*, e.* EXCLUDE (baseline_name, fingerprint, "
        "snapshot), e.event <> 'resolved' AS active FROM store.finding f "
        "JOIN (SELECT * FROM store.finding_event "
        f"WHERE snapshot <= {snapshot} QUALIFY row_number() OVER (PARTITION BY baseline_name, "
        "fingerprint ORDER BY snapshot DESC) = 1) e USING (baseline_name, fingerprint)"
    )
    create_vocabulary(con, "main")
