"""What it costs to compare what policies allow, and how that grows with the changed policies.

The measure is the join that any comparison needs: keys and hashes of the rows of both sides.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import folder, fresh, table, watched

INSTANCES = 1_000_000


def report(scale: float) -> Iterator[str]:
    """Yield the growth with the changed policies, the steps, and one long ordered policy."""
    from benchmarks.firewalls import FRESH, PER_GROUP, RULES, SHARES

    count = round(INSTANCES * scale)
    groups = count // PER_GROUP
    with folder() as path:
        fresh("policy.prepare", path=str(path), instances=count)
        limit = fresh("policy.limit", path=str(path))["took"]
        found = {
            snapshot: fresh("policy.compared", path=str(path), snapshot=snapshot)
            for snapshot in (1, FRESH, *SHARES)
        }
    names = {snapshot: _what(snapshot, SHARES.get(snapshot)) for snapshot in found}
    yield table(
        f"{count:,} instances, {groups:,} security groups, {groups * RULES:,} rules",
        ["what", "subjects", "boxes", "regions", "wall s", "CPU s", "x limit, CPU", "peak MB"],
        [
            ("limit: join keys, compare hashes", "-", "-", "-", *limit, 1.0, "-"),
            *(
                (*_figures(names[snapshot], f), f["took"][1] / limit[1], f["peak_mb"])
                for snapshot, f in found.items()
            ),
        ],
    )
    for snapshot, share in SHARES.items():
        if share in (0.01, 1.0):
            yield _steps(names[snapshot], found[snapshot])
    yield _long()


def _what(snapshot: int, share: float | None) -> str:
    if share is not None:
        return f"{share:.1%} of the policies changed"
    return "nothing changed" if snapshot == 1 else "0.1% of the instances new"


def _figures(what: str, found: dict[str, Any]) -> tuple[Any, ...]:
    return what, *(found[name] for name in ("subjects", "atoms", "regions")), *found["took"]


def _steps(what: str, found: dict[str, Any]) -> str:
    wall, _ = found["took"]
    ranked = sorted(found["steps"].items(), key=lambda step: -step[1][0])
    return table(
        f"The ten slowest steps of it: {what}",
        ["step", "wall s", "CPU s", "share of wall"],
        [(name, *took, f"{took[0] / wall:.0%}") for name, took in ranked[:10]],
    )


def _long() -> str:
    from benchmarks.long_policy import CHANGES, PREFIXES, RULES

    with folder() as path:
        fresh("policy.prepare_long", path=str(path))
        found = {
            what: fresh("policy.compared_long", path=str(path), snapshot=snapshot)
            for snapshot, what in CHANGES.items()
        }
    return table(
        f"One network security group of {RULES:,} rules with {PREFIXES} prefixes each",
        ["what", "subjects", "boxes", "regions", "wall s", "CPU s", "peak MB"],
        [(*_figures(what, f), f["peak_mb"]) for what, f in found.items()],
    )


def prepare(path: str, instances: int) -> None:
    """Fill a store."""
    from auditor.config import StoreConfig
    from benchmarks.firewalls import create_estate

    create_estate(StoreConfig(path=Path(path) / "audit.duckdb"), instances)


def limit(path: str) -> dict[str, Any]:
    """Join keys and compare hashes, once for each table."""
    from auditor.config import StoreConfig
    from auditor.store.database import reading
    from benchmarks.firewalls import TABLES

    with reading(StoreConfig(path=Path(path) / "audit.duckdb")) as con, watched() as watch:
        for name in TABLES:
            side = (
                "(SELECT resource_id, row_hash FROM store.inventory.{} "
                "WHERE valid_from <= {} AND valid_to > {})"
            )
            con.execute(
                f"SELECT count(*) FROM {side.format(name, 1, 1)} b "
                f"JOIN {side.format(name, 4, 4)} s "
                "USING (resource_id) WHERE b.row_hash <> s.row_hash"
            ).fetchall()
    return {"took": (watch.wall, watch.cpu)}


def prepare_long(path: str) -> None:
    """Fill a store with one long policy."""
    from auditor.config import StoreConfig
    from benchmarks.long_policy import create_group

    create_group(StoreConfig(path=Path(path) / "audit.duckdb"))


def compared(path: str, snapshot: int) -> dict[str, Any]:
    """Compare a snapshot of the estate with snapshot 1."""
    from benchmarks.firewalls import compared_scopes

    return _compared(path, snapshot, *compared_scopes())


def compared_long(path: str, snapshot: int) -> dict[str, Any]:
    """Compare a snapshot of the long policy with snapshot 1."""
    from benchmarks.long_policy import compared_scopes

    return _compared(path, snapshot, *compared_scopes())


def _compared(path: str, snapshot: int, coverage: Any, approved: Any) -> dict[str, Any]:
    from auditor.config import StoreConfig
    from auditor.diff.session import open_session, show_sides
    from auditor.policy.evaluate import evaluate

    with open_session(StoreConfig(path=Path(path) / "audit.duckdb")) as session:
        show_sides(session, snapshot, coverage, approved)
        steps = Steps()
        with steps.listening(), watched() as watch:
            evaluate(session.con)
        counts = {
            name: session.con.execute(f"SELECT count(*) FROM policy.{name}").fetchall()[0][0]
            for name in ("subjects", "atoms", "regions")
        }
    return {"took": (watch.wall, watch.cpu), "steps": steps.took, **counts}


class Steps(logging.Handler):
    """Seconds (wall, CPU) of each step of a module, which logs the name of one when it ends."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.took: dict[str, tuple[float, float]] = {}

    @contextlib.contextmanager
    def listening(self, module: str = "auditor.policy.evaluate") -> Iterator[None]:
        """Listen to a module while a block runs."""
        logger = logging.getLogger(module)
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        self._at = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take the time since the step before."""
        now = time.perf_counter(), time.process_time()
        assert isinstance(record.args, tuple)
        self.took[str(record.args[0])] = now[0] - self._at[0], now[1] - self._at[1]
        self._at = now
