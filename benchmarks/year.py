"""A year of daily snapshots: how many findings need a person, and is each attack found that day.

A finding needs a person when it is new at or above `run.fail_on`. Planned changes are approved on
the day they are found; attacks are left as they are. The measure is the number of resources that
are new, gone or different from one day to the next, which is what a plain comparison tells.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from benchmarks.common import folder, fresh, table

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.model import AuditRun, Finding
    from benchmarks.days import Attack

INSTANCES, DAYS = 150, 365
_START = datetime(2025, 1, 1, 4, tzinfo=UTC)


def report(scale: float) -> Iterator[str]:
    """Yield the findings per week, the attacks, and what fired most."""
    days = round(DAYS * scale)
    with folder() as path:
        found = fresh("year.lived", path=str(path), instances=INSTANCES, days=days)
    kinds = ("benign", "planned", "attack", "resources")
    yield table(
        f"{days} daily snapshots of about {INSTANCES} instances in three clouds, "
        f"{found['seconds'] / days:.1f} s each: per week",
        ["what", "mean", "most", "all"],
        [
            (_NAMES[kind], mean(weeks), max(weeks), sum(weeks))
            for kind in kinds
            if (weeks := _weekly(found["counts"][kind]))
        ],
    )
    yield table(
        "Attacks",
        ["attack", "day", "first seen on that day", "by"],
        [(a["name"], a["day"], a["seen"], ", ".join(a["by"])) for a in found["attacks"]],
    )
    yield table("What fired without need", ["query", "findings"], found["noise"])


_NAMES = {
    "benign": "new findings on days when nothing was planned or planted",
    "planned": "new findings on days of a planned change",
    "attack": "new findings on days of an attack",
    "resources": "resources that are new, gone or different",
}


def _weekly(daily: Sequence[int]) -> list[int]:
    return [sum(daily[n : n + 7]) for n in range(0, len(daily), 7)]


def lived(path: str, instances: int, days: int) -> dict[str, Any]:
    """Live through the days, and count."""
    from auditor.config import Config
    from benchmarks.days import attack_days, world

    apart = multiprocessing.get_context("spawn")
    with world(instances) as here, ProcessPoolExecutor(1, mp_context=apart) as auditor:
        config = Config.model_validate(
            {
                "store": {"path": Path(path) / "audit.duckdb"},
                "baseline": {
                    "directory": Path(path) / "baselines",
                    "approvals": Path(path) / "approvals.jsonl",
                },
                **here.sections(),
            }
        )
        year = _Year(config, here, attack_days(days), auditor)
        year.audit(0)
        year.approve(())
        started = time.perf_counter()
        for day in range(1, days + 1):
            year.live(day)
        seconds = time.perf_counter() - started
    noise = sorted(year.noise.items(), key=lambda item: -item[1])
    counts = year.counts | {"resources": _differences(config, days)}
    return {"seconds": seconds, "counts": counts, "attacks": year.attacks, "noise": noise}


@dataclass
class _Year:
    """Counts of what was found from day to day."""

    config: Config
    world: Any
    plan: Mapping[int, tuple[str, Attack]]
    """What is planted, by the day."""
    auditor: Executor
    """The process that audits, so that it and the simulated clouds each have a core."""

    def __post_init__(self) -> None:
        self.counts: dict[str, list[int]] = {"benign": [], "planned": [], "attack": []}
        self.attacks: list[dict[str, Any]] = []
        self.noise: dict[str, int] = {}

    def live(self, day: int) -> None:
        """Let a day pass, audit it, and count what is new."""
        from benchmarks.days import benign, changed

        benign(self.world, day)
        name, attack = self.plan.get(day, ("", None))
        touched = attack(self.world) if attack else None
        planned = not attack and changed(self.world, day)
        run = self.audit(day)
        new = [f for f in run.findings if self._needs_a_person(f)]
        kind = "attack" if attack else "planned" if planned else "benign"
        for each, counts in self.counts.items():
            counts.append(len(new) if each == kind else 0)
        if touched is not None:
            by = sorted({f.query_id for f in new if _is_about(f, touched)})
            self.attacks.append({"name": name, "day": day, "seen": bool(by), "by": by})
        elif planned:
            self.approve([f for f in run.findings if self._needs_a_person(f)])
        else:
            for finding in new:
                self.noise[finding.query_id] = self.noise.get(finding.query_id, 0) + 1

    def audit(self, day: int) -> AuditRun:
        """Take the snapshot of a day and compare it."""
        self._at = _START + timedelta(days=day)
        self._run = self.auditor.submit(_audited, self.config, self._at).result()
        return self._run

    def approve(self, findings: Sequence[Finding]) -> None:
        """Approve these findings; without any, the whole snapshot."""
        from auditor.baseline.approve import Approval, approve_findings, approve_snapshot
        from auditor.store.database import run_lock, writing

        approval = Approval("alice", "bob", "planned", self._at)
        snapshot, baseline = self._run.snapshot, self.config.baseline
        with run_lock(self.config.store), writing(self.config.store, now=self._at) as con:
            if findings:
                approve_findings(con, baseline, approval, snapshot, findings)
            elif snapshot.id == 1:
                approve_snapshot(con, baseline, approval, snapshot)

    def _needs_a_person(self, finding: Finding) -> bool:
        from auditor.model import FindingStatus, Verdict

        return (
            finding.status in (FindingStatus.NEW, FindingStatus.REOPENED)
            and finding.verdict is not Verdict.UNKNOWN
            and finding.severity.rank <= self.config.run.fail_on.rank
        )


def _audited(config: Config, at: datetime) -> AuditRun:
    from auditor.pipeline import run

    return run(config, clock=lambda: at)


def _is_about(finding: Finding, touched: dict[str, list[str]]) -> bool:
    """Say whether a finding names what was touched: a reason has names, not whole paths."""
    ids = {id_.lower().rsplit("/", 1)[-1] for some in touched.values() for id_ in some}
    told = f"{finding.resource_id} {finding.reason} {finding.after}".lower()
    return any(id_ in told for id_ in ids)


def _differences(config: Config, days: int) -> list[int]:
    """Return for each day how many resources a plain comparison with the day before tells."""
    from auditor.store.database import reading
    from auditor.store.tables import table_specs

    with reading(config.store) as con:
        rows = " UNION ALL ".join(
            f"SELECT resource_id || '{s.name}' AS id, unnest([valid_from, valid_to]) AS n "
            f"FROM store.inventory.{s.name}"
            for s in table_specs(con)
            if s.kind != "event"
        )
        counts = dict(
            con.execute(f"SELECT n, count(DISTINCT id) FROM ({rows}) GROUP BY n").fetchall()
        )
    return [counts.get(day + 1, 0) for day in range(1, days + 1)]
