"""Tables that are read for a whole account at once, and logs that are only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.baseline.versions import Content
from auditor.config import StoreConfig
from auditor.diff.session import open_session, show_sides
from auditor.model import ColumnSpec, Coverage, Scope, Snapshot, Status, TableSpec
from auditor.store.database import reading, writing
from auditor.store.hashing import row_hash
from auditor.store.seal import SealRequest, seal
from auditor.store.snapshots import coverage_of, last_complete
from auditor.store.stage import Stage
from auditor.store.verify import verify_store

NAMES = ("cloud", "account_id", "region", "resource_id", "incarnation_id", "name", "tags", "size")
COLUMNS = tuple(ColumnSpec(name, "VARCHAR", name, volatile=False) for name in NAMES)
DISKS = TableSpec("azure_disks", "azure", "Disks", "Disks.", COLUMNS)
LOG = TableSpec("azure_log", "azure", "Log", "Log.", COLUMNS, kind="event")
WHOLE = Scope("azure", "sub-1", "global")
START = datetime(2026, 1, 1, tzinfo=UTC)

Rows = Mapping[str, Iterable[tuple[str, str, str]]]
"""Table -> (region, resource id, size)."""


class Store:
    """A store that is fed rows directly."""

    def __init__(self, folder: Path) -> None:
        self.config = StoreConfig(path=folder / "audit.duckdb")
        self.now = START

    def seal(self, rows: Rows, status: Status = Status.COMPLETE) -> tuple[Snapshot, list[Coverage]]:
        self.now += timedelta(hours=1)
        with Stage(self.config.path, "run") as stage:
            for table, items in rows.items():
                listed = [self._row(*item) for item in items]
                if listed:
                    stage.write(table, pa.RecordBatch.from_pylist(listed))
            staged = stage.finish()
            with writing(self.config, now=self.now) as con:
                return seal(
                    con,
                    SealRequest(
                        run_id="run",
                        started_at=self.now,
                        sealed_at=self.now,
                        tool_version="0",
                        config_digest="",
                        approval_head=None,
                        specs=[DISKS, LOG],
                        staged=staged,
                        coverage=[Coverage(s.name, WHOLE, status) for s in (DISKS, LOG)],
                    ),
                )

    def _row(self, region: str, resource_id: str, size: str) -> dict[str, str | None]:
        row: dict[str, str | None] = {
            "cloud": "azure",
            "account_id": "sub-1",
            "region": region,
            "resource_id": resource_id,
            "incarnation_id": None,
            "name": None,
            "tags": None,
            "size": size,
        }
        digest = row_hash(row)
        return {"row_hash": digest, "evidence_hash": digest, **row}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_region_that_empties_is_seen_and_an_unread_account_is_not(store: Store) -> None:
    two = {"azure_disks": [("westeurope", "a", "1"), ("eastus", "b", "1")]}
    first, coverage = store.seal(two)
    assert {c.table: c.rows for c in coverage} == {"azure_disks": 2, "azure_log": 0}
    one, _ = store.seal({"azure_disks": [("westeurope", "a", "1")]})
    dark, unread = store.seal({}, Status.DENIED)
    again, _ = store.seal({"azure_disks": [("westeurope", "a", "1")]})
    assert one.digest == again.digest != first.digest
    assert unread[0].digest is None
    with reading(store.config) as con:
        lived = con.execute(
            "SELECT resource_id, valid_from, valid_to FROM store.inventory.azure_disks "
            "ORDER BY resource_id"
        ).fetchall()
        assert verify_store(con).problems == ()
    assert lived == [("a", 1, 2_147_483_647), ("b", 1, 2)]
    assert dark.rows == 0


def test_both_sides_show_all_regions_of_the_account(store: Store) -> None:
    store.seal({"azure_disks": [("westeurope", "a", "1"), ("eastus", "b", "1")]})
    store.seal({"azure_disks": [("westeurope", "a", "2"), ("uksouth", "c", "1")]})
    with reading(store.config) as con:
        coverage = coverage_of(con, 2)
    approved = Content({("azure_disks", WHOLE): (1, "")})
    with open_session(store.config) as session:
        show_sides(session, 2, coverage, approved)
        sides = {
            side: session.con.execute(
                f"SELECT region, resource_id, size FROM {side}.azure_disks ORDER BY ALL"
            ).fetchall()
            for side in ("baseline", "snapshot")
        }
    assert sides == {
        "baseline": [("eastus", "b", "1"), ("westeurope", "a", "1")],
        "snapshot": [("uksouth", "c", "1"), ("westeurope", "a", "2")],
    }


def test_a_log_only_grows(store: Store) -> None:
    store.seal({"azure_log": [("eastus", f"e{n}", "1") for n in range(30)]})
    _, coverage = store.seal({"azure_log": [("eastus", "e29", "1"), ("eastus", "e30", "1")]})
    store.seal({"azure_log": []})
    assert [c.status for c in coverage] == [Status.COMPLETE, Status.COMPLETE]
    with reading(store.config) as con:
        count = con.execute(
            "SELECT count(*), count(DISTINCT resource_id), min(valid_to) "
            "FROM store.inventory.azure_log"
        ).fetchone()
        assert verify_store(con).problems == ()
        assert last_complete(con)["azure_log", WHOLE] == START + timedelta(hours=3)
    assert count == (31, 31, 2_147_483_647)
