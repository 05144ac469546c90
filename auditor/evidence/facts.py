"""What the store and the approval log say about a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from auditor.baseline.log import Entry
from auditor.evidence.period import Period, missed
from auditor.model import Finding, FindingStatus, Snapshot, Status
from auditor.store.findings import findings_at, order
from auditor.store.runs import Recorded, recorded_runs
from auditor.store.snapshots import snapshots

GAPS = tuple(status.value for status in Status if status.is_gap)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the period."""

    snapshot: Snapshot
    recorded: Recorded | None
    """What the comparison came to; None: sealed, and never compared with a baseline."""
    readings: Mapping[str, int]
    """How many (table, scope) had which status."""

    @property
    def baseline(self) -> tuple[str, int] | None:
        """Name and version of the baseline that it was compared with, if any."""
        found = self.recorded
        if found is None or found.baseline is None or found.version is None:
            return None
        return found.baseline, found.version


@dataclass(frozen=True, slots=True)
class Disposition:
    """What became of a finding by the end of the period."""

    finding: Finding
    baseline: str
    state: str
    """open, waived, accepted or resolved."""
    line: int | None = None
    """Line of the approval log that accepts or waives it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a bundle tells."""

    period: Period
    until: datetime
    """What was known then: the end of the period, or what happened last where it has not ended."""
    runs: Sequence[Run]
    missed: Sequence[datetime] | None
    """When runs were due and did not start; None without a schedule."""
    dispositions: Sequence[Disposition]
    events: Sequence[tuple[Any, ...]]
    """Baseline, fingerprint, snapshot, event, verdict, severity and reason, in order."""
    gaps: Sequence[tuple[Any, ...]]
    """Snapshot, table, cloud, account, region, status, kind and detail of what was not read."""
    coverage: Sequence[tuple[Any, ...]]
    """Table, cloud, account, region, runs that read it whole, gaps, skipped, first and last of the
    runs that read it whole, rows in the last."""

    @property
    def last(self) -> Snapshot:
        """The last snapshot of the period."""
        return self.runs[-1].snapshot


def runs_in(con: duckdb.DuckDBPyConnection, period: Period) -> list[Run]:
    """Return the runs that started in a period, oldest first."""
    headers = [s for s in snapshots(con) if period.holds(s.started_at)]
    readings: dict[int, dict[str, int]] = {}
    for number, status, count in con.execute(
        "SELECT snapshot, status, count(*) FROM store.coverage "
        "WHERE snapshot IN (SELECT unnest(?::INTEGER[])) GROUP BY ALL ORDER BY ALL",
        [[header.id for header in headers]],
    ).fetchall():
        readings.setdefault(number, {})[status] = count
    recorded = {run.snapshot: run for run in recorded_runs(con)}
    return [Run(h, recorded.get(h.id), readings.get(h.id, {})) for h in headers]


def gather(
    con: duckdb.DuckDBPyConnection,
    period: Period,
    runs: Sequence[Run],
    log: Sequence[Entry],
    *,
    every: timedelta | None,
    at: datetime,
) -> Facts:
    """Return what is known of a period with at least one run; `at` is now."""
    first, last = runs[0].snapshot.id, runs[-1].snapshot.id
    until = min(period.end, _known_until(runs, log, every, at))
    due = None
    if every is not None:
        earlier = any(s.id < first for s in snapshots(con))
        starts = [run.snapshot.started_at for run in runs]
        due = missed(starts, every, after=period.start if earlier else starts[0], before=until)
    names = sorted({run.baseline[0] for run in runs if run.baseline})
    dispositions = [
        _disposition(finding, name, log, until)
        for name in names
        for finding in _findings(con, name, first, last)
    ]
    return Facts(
        period,
        until,
        runs,
        due,
        sorted(dispositions, key=lambda d: (d.baseline, order(d.finding))),
        _rows(
            con,
            "SELECT baseline_name, fingerprint, snapshot, event, verdict, severity, reason "
            "FROM store.finding_event WHERE snapshot BETWEEN $first AND $last ORDER BY ALL",
            first=first,
            last=last,
        ),
        _rows(
            con,
            "SELECT snapshot, table_name, cloud, account_id, region, status, error_kind, detail "
            "FROM store.coverage WHERE snapshot BETWEEN $first AND $last "
            "AND status IN (SELECT unnest($gaps::VARCHAR[])) ORDER BY ALL",
            first=first,
            last=last,
            gaps=list(GAPS),
        ),
        _rows(
            con,
            "SELECT table_name, cloud, account_id, region, "
            "count(*) FILTER (status = 'complete'), "
            "count(*) FILTER (status IN (SELECT unnest($gaps::VARCHAR[]))), "
            "count(*) FILTER (status = 'skipped'), min(snapshot) FILTER (status = 'complete'), "
            "max(snapshot) FILTER (status = 'complete'), "
            "arg_max(rows, snapshot) FILTER (status = 'complete') "
            "FROM store.coverage WHERE snapshot BETWEEN $first AND $last GROUP BY ALL ORDER BY ALL",
            first=first,
            last=last,
            gaps=list(GAPS),
        ),
    )


def _known_until(
    runs: Sequence[Run], log: Sequence[Entry], every: timedelta | None, at: datetime
) -> datetime:
    """Return just after the last run or approval; with a schedule, after the last due time.

    The time of the export itself is not told: two exports of the same store are to be equal.
    """
    known = [runs[-1].snapshot.sealed_at, *(entry.approved_at for entry in log[-1:])]
    if every is not None:
        epoch = datetime.fromtimestamp(0, UTC)
        known.append(epoch + (at - epoch) // every * every)
    return max(known) + timedelta(seconds=1)


def _findings(con: duckdb.DuckDBPyConnection, name: str, first: int, last: int) -> list[Finding]:
    """Return the findings that held between two snapshots, as they stood at the end."""
    ended_before = {
        f.fingerprint
        for f in findings_at(con, name, first - 1, ended=True)
        if f.status is FindingStatus.RESOLVED
    }
    touched = {
        fingerprint
        for (fingerprint,) in con.execute(
            "SELECT DISTINCT fingerprint FROM store.finding_event "
            "WHERE baseline_name = ? AND snapshot BETWEEN ? AND ?",
            [name, first, last],
        ).fetchall()
    }
    return [
        f
        for f in findings_at(con, name, last, ended=True)
        if f.fingerprint in touched or f.fingerprint not in ended_before
    ]


def _disposition(
    finding: Finding, baseline: str, log: Sequence[Entry], until: datetime
) -> Disposition:
    if finding.status is FindingStatus.WAIVED and isinstance(finding.waiver, Mapping):
        return Disposition(finding, baseline, "waived", int(finding.waiver["line"]))
    if finding.status is not FindingStatus.RESOLVED:
        return Disposition(finding, baseline, "open")
    for entry in reversed(log):
        said = entry.content
        is_accepted = finding.fingerprint in said.get("accepts", ())
        if is_accepted and said["name"] == baseline and entry.approved_at < until:
            return Disposition(finding, baseline, "accepted", entry.number)
    return Disposition(finding, baseline, "resolved")


def _rows(con: duckdb.DuckDBPyConnection, sql: str, **given: Any) -> list[tuple[Any, ...]]:
    return con.execute(sql, given).fetchall()
