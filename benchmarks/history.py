"""What a history costs: bytes and seconds of 100 snapshots, beside one snapshot of the same rows.

The store keeps row versions with the snapshots between which each was valid, so an unchanged
row costs nothing; one full snapshot in the same file format is the measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common import folder, fresh, table, watched

TABLE = "aws_ec2_instances"
INSTANCES, SNAPSHOTS, SHARE = 100_000, 100, 0.005
MB = 1e6


def report(scale: float) -> Iterator[str]:
    """Yield size and time of sealing, then the time of reading back."""
    count = round(INSTANCES * scale)
    with folder() as path:
        grown = fresh("history.grow", path=str(path), instances=count, snapshots=SNAPSHOTS)
        read = fresh("history.read_back", path=str(path), snapshots=SNAPSHOTS)
    first, last = grown["sizes"][0], grown["sizes"][-1]
    title = f"{SNAPSHOTS} snapshots of {count:,} instances, {SHARE:.1%} changed each"
    yield table(
        title,
        ["store", "file MB", "used blocks MB", "x one snapshot (used)"],
        [
            ("1 snapshot", first["file"] / MB, first["used"] / MB, 1.0),
            (
                f"{SNAPSHOTS} snapshots",
                last["file"] / MB,
                last["used"] / MB,
                last["used"] / first["used"],
            ),
            (
                "per further snapshot",
                (last["file"] - first["file"]) / MB / (SNAPSHOTS - 1),
                (last["used"] - first["used"]) / MB / (SNAPSHOTS - 1),
                (last["used"] - first["used"]) / first["used"] / (SNAPSHOTS - 1),
            ),
        ],
    )
    yield table(
        "Seconds to seal one of them",
        ["step", "first", "median of the changed", "last", "CPU, median"],
        [
            (name, walls[0], median(walls[1:]), walls[-1], median(cpus[1:]))
            for name, (walls, cpus) in grown["seconds"].items()
        ],
    )
    scan = read["scan in SQL: every column of every version"][0]
    yield table(
        "Seconds to read it back",
        ["what", "wall", "CPU", "x scan in SQL"],
        [(name, *took, took[0] / scan) for name, took in read.items() if name != "peak_mb"],
    )
    yield (
        f"Peak memory: sealing {grown['peak_mb']:,.0f} MB (the generated estate included), "
        f"reading {read['peak_mb']:,.0f} MB."
    )


def grow(path: str, instances: int, snapshots: int) -> dict[str, Any]:
    """Seal snapshots of a changing estate; return their sizes and seconds."""
    from benchmarks.estate import changed
    from benchmarks.ledger import Ledger

    ledger = Ledger(Path(path) / "audit.duckdb")
    ledger.fill(TABLE, instances)
    sealed, sizes = [], []
    for number in range(snapshots):
        if number:
            ledger.change(TABLE, changed(instances, SHARE, number), number)
        sealed.append(ledger.seal())
        if number in (0, snapshots - 1):
            sizes.append({"file": ledger.path.stat().st_size, "used": ledger.used_bytes()})
    steps = {
        "write the stage": "stage",
        "seal: the transaction": "seal",
        "file open for writing": "write",
    }
    return {
        "sizes": sizes,
        "seconds": {
            name: [[getattr(s, key).wall for s in sealed], [getattr(s, key).cpu for s in sealed]]
            for name, key in steps.items()
        },
    }


def read_back(path: str, snapshots: int) -> dict[str, Any]:
    """Return seconds (wall, CPU) of what people do with a history."""
    from auditor import inquiry
    from auditor.diff.engine import find_drift
    from auditor.diff.queries import load_queries
    from auditor.diff.settings import load_settings
    from auditor.store.database import reading
    from benchmarks.ledger import Ledger

    ledger = Ledger(Path(path) / "audit.duckdb")
    config = ledger.config
    found: dict[str, Any] = {}
    with reading(config.store) as con:
        with watched() as watch:
            con.execute(f"SELECT max(COLUMNS(*)::VARCHAR) FROM store.inventory.{TABLE}").fetchall()
        found["scan in SQL: every column of every version"] = watch.wall, watch.cpu
        with watched() as watch:
            result = con.execute(f"SELECT * FROM store.inventory.{TABLE}")
            while result.fetchmany(5_000):
                pass
        found["scan into Python: the same"] = watch.wall, watch.cpu
        arn = con.execute(f"SELECT max(resource_id) FROM store.inventory.{TABLE}").fetchone()
    with watched() as watch:
        result = inquiry.verify_everything(config)
    assert not result.problems, result.problems[:3]
    found["audit store verify"] = watch.wall, watch.cpu
    approved, coverage = ledger.approved(1), ledger.coverage(snapshots)
    queries, settings = load_queries(()), load_settings()
    with watched() as watch:
        drift = find_drift(
            config.store,
            snapshot=snapshots,
            coverage=coverage,
            approved=approved,
            queries=queries,
            settings=settings,
            severity={},
        )
    name = f"drift of snapshot {snapshots} from snapshot 1: {len(drift.findings):,} findings"
    found[name] = watch.wall, watch.cpu
    with watched() as watch:
        inquiry.select(config, f"SELECT * FROM {TABLE} WHERE resource_id = '{arn[0]}'")
    found["audit query: one instance now"] = watch.wall, watch.cpu
    with watched() as watch:
        inquiry.resource_history(config, arn[0])
    found["audit history: its versions"] = watch.wall, watch.cpu
    return found
