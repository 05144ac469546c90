"""How long approving takes, and verifying, comparing, exporting and importing what is approved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import Watch, folder, fresh, middle, table, watched

if TYPE_CHECKING:
    import duckdb

    from auditor.config import Config

INSTANCES, SHARE = 1_000_000, 0.01
TABLE = "aws_ec2_instances"
_TIMES = 5
"""How often what is short is measured; the median counts."""


def report(scale: float) -> Iterator[str]:
    """Yield what each step takes; verifying as a multiple of reading the hash column."""
    count = round(INSTANCES * scale)
    with folder() as path:
        fresh("baseline.prepare", path=str(path), instances=count)
        took = fresh("baseline.measure", path=str(path))
        other = fresh("baseline.exchange", path=str(path))
    scan = took["scan"][0]
    yield table(
        f"A baseline of {count:,} instances; {took['found']:,} differ in the second version; peak "
        f"{took['peak_mb']:,.0f} MB, {other['peak_mb']:,.0f} MB for files",
        ["what", "wall s", "CPU s", "x scan"],
        [
            ("plain scan of the hash column", *took["scan"], 1.0),
            ("scan that makes the lines that are hashed", *took["lines"], took["lines"][0] / scan),
            ("verify: scope digests", *took["digest"], took["digest"][0] / scan),
            ("verify: the whole version in force", *took["verify"], took["verify"][0] / scan),
            ("approve", *took["approve"], took["approve"][0] / scan),
            ("baseline diff", *took["diff"], took["diff"][0] / scan),
            ("export", *other["export"], other["export"][0] / scan),
            ("import: read and verify the files", *other["read"], other["read"][0] / scan),
            ("import: take into a store", *other["adopt"], other["adopt"][0] / scan),
        ],
    )


def prepare(path: str, instances: int) -> None:
    """Seal two snapshots, of which the first is approved and the second changed."""
    from benchmarks.estate import changed
    from benchmarks.ledger import Ledger

    ledger = Ledger(Path(path) / "audit.duckdb")
    ledger.fill(TABLE, instances)
    ledger.seal()
    _approve(_config(path))
    ledger.change(TABLE, changed(instances, SHARE, 1), 1)
    ledger.seal()


def measure(path: str) -> dict[str, Any]:
    """Approve the second snapshot, verify and compare."""
    from auditor.baseline.standing import approved_baseline
    from auditor.inquiry import compare_versions
    from auditor.store.database import reading
    from auditor.store.digests import scope_digests
    from benchmarks.estate import scopes

    config = _config(path)
    with watched() as approving:
        _approve(config)
    now = f'store.inventory."{TABLE}" WHERE valid_from <= 2 AND valid_to > 2'
    with reading(config.store) as con:
        scan = _median(lambda: _all(con, f"SELECT bit_xor(hash(row_hash)) FROM {now}"))
        lines = _median(
            lambda: _all(
                con,
                "SELECT bit_xor(hash(resource_id || ' ' || row_hash::VARCHAR || chr(10))) "
                f"FROM {now}",
            )
        )
        digest = _median(lambda: scope_digests(con, TABLE, scopes(), at=2))
        verify = _median(lambda: approved_baseline(con, config.baseline))
    with watched() as comparing:
        found, _, _ = compare_versions(config, 1, 2)
    return {
        "scan": _pair(scan),
        "lines": _pair(lines),
        "digest": _pair(digest),
        "verify": _pair(verify),
        "approve": _pair(approving),
        "diff": _pair(comparing),
        "found": len(found.resources),
    }


def exchange(path: str) -> dict[str, Any]:
    """Export the version in force, and import it into a store of its own."""
    from auditor import transfer
    from auditor.baseline.reading import read_export

    config, target = _config(path), Path(path) / "exported"
    with watched() as exporting:
        transfer.export_baseline(config, output=target)
    other = _config(f"{path}/elsewhere")
    Path(path, "elsewhere").mkdir()
    with watched() as read:
        read_export(target, other.baseline)
    with watched() as adopting:
        transfer.import_baseline(other, target)
    adopting.wall, adopting.cpu = adopting.wall - read.wall, adopting.cpu - read.cpu
    return {"export": _pair(exporting), "read": _pair(read), "adopt": _pair(adopting)}


def _config(path: str) -> Config:
    from auditor.config import BaselineConfig
    from benchmarks.ledger import Ledger

    config = Ledger(Path(path) / "audit.duckdb").config
    baseline = BaselineConfig(approvals=Path(path) / "approvals.jsonl")
    return config.model_copy(update={"baseline": baseline})


def _approve(config: Config) -> None:
    from auditor.baseline.approve import Approval, approve_snapshot
    from auditor.store.database import writing
    from auditor.store.snapshots import latest_snapshot

    with writing(config.store, now=datetime(2026, 2, 2, tzinfo=UTC)) as con:
        newest = latest_snapshot(con)
        assert newest is not None
        at = newest.sealed_at + timedelta(hours=1)
        who = Approval(approved_by="ada", prepared_by="bob", reason="as planned", at=at)
        approve_snapshot(con, config.baseline, who, newest)


def _median(step: Callable[[], object]) -> Watch:
    watches = []
    for _ in range(_TIMES):
        with watched() as watch:
            step()
        watches.append(watch)
    return middle(watches)


def _all(con: duckdb.DuckDBPyConnection, sql: str) -> object:
    return con.execute(sql).fetchall()


def _pair(watch: Watch) -> tuple[float, float]:
    return watch.wall, watch.cpu
