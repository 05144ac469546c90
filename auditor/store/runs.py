"""What a run came to, so that any report can be written again later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import duckdb
import orjson

from auditor.errors import UsageError
from auditor.model import (
    AuditRun,
    Baseline,
    Coverage,
    Finding,
    FindingStatus,
    Outcome,
    Severity,
    SkippedQuery,
    Snapshot,
    Status,
    Verdict,
)
from auditor.store.digests import run_digests
from auditor.store.findings import findings_at
from auditor.store.hashing import canonical_text, utc
from auditor.store.snapshots import coverage_of


@dataclass(frozen=True, slots=True)
class By:
    """What compared: only the same finds the same again."""

    tool_version: str
    rules: str
    """Digest of the queries, the settings and what the configuration says of them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of a run, beside its findings."""

    snapshot: int
    baseline: str | None
    version: int | None
    outcome: str
    fail_on: Severity
    skipped: tuple[SkippedQuery, ...]
    at: datetime
    by: By | None
    """None: by a version that did not write it down."""


def recorded_runs(con: duckdb.DuckDBPyConnection) -> list[Recorded]:
    """Return what is recorded of each run, oldest first."""
    # NOTE: all columns, since a store that an older version wrote may lack the newest.
    result = con.execute("SELECT * FROM store.run ORDER BY snapshot")
    names = [column[0] for column in result.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [
        Recorded(
            row["snapshot"],
            row["baseline_name"],
            row["baseline_version"],
            row["outcome"],
            Severity(row["fail_on"]),
            _skipped(row["skipped_queries"]),
            row["finished_at"].replace(tzinfo=UTC),
            By(row["tool_version"], row["rules"]) if row.get("rules") else None,
        )
        for row in rows
    ]


def record_run(con: duckdb.DuckDBPyConnection, run: AuditRun, by: By, *, at: datetime) -> None:
    """Write the outcome of a run that compared at a time, to which its waivers apply.

    Call inside the transaction that wrote its findings: the digest covers these, too.
    """
    number = run.snapshot.id
    con.execute("DELETE FROM store.run WHERE snapshot = ?", [number])
    con.execute(
        "INSERT INTO store.run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        [
            number,
            run.baseline.name if run.baseline else None,
            run.baseline.version if run.baseline else None,
            run.outcome.value,
            run.fail_on.value,
            canonical_text([[s.query_id, s.reason] for s in run.skipped_queries]),
            canonical_text(list(run.problems)),
            utc(at),
            list(run.baseline.signed_by) if run.baseline else None,
            by.tool_version,
            by.rules,
        ],
    )
    con.execute(
        "UPDATE store.run SET digest = ? WHERE snapshot = ?",
        [run_digests(con, number)[number], number],
    )


def load_run(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, baseline: Baseline | None
) -> AuditRun:
    """Return a run as it was reported; `baseline` is the version that it was compared with.

    Raises `UsageError` for a snapshot that was sealed by a run that then was interrupted.
    """
    # NOTE: all columns, since a store that an older version wrote may lack the newest.
    result = con.execute("SELECT * FROM store.run WHERE snapshot = ?", [snapshot.id])
    names = [column[0] for column in result.description or ()]
    row = dict(zip(names, result.fetchone() or (), strict=False))
    if not row:
        raise UsageError(
            f"snapshot {snapshot.id} was sealed, but never compared with a baseline",
            hint=f"compare it now: audit diff --snapshot {snapshot.id}",
        )
    if baseline is not None:
        baseline = replace(baseline, signed_by=tuple(row.get("signed_by") or ()))
    coverage = with_approval(con, coverage_of(con, snapshot.id), baseline)
    findings = findings_at(con, baseline.name, snapshot.id) if baseline else []
    return AuditRun(
        snapshot=snapshot,
        baseline=baseline,
        coverage=tuple(coverage),
        findings=tuple(findings),
        outcome=Outcome(row["outcome"]),
        fail_on=Severity(row["fail_on"]),
        tool_version=snapshot.tool_version,
        inventory=inventory(coverage),
        skipped_queries=_skipped(row["skipped_queries"]),
        problems=tuple(orjson.loads(row["problems"])),
    )


def baseline_of_run(con: duckdb.DuckDBPyConnection, snapshot: int) -> tuple[str, int] | None:
    """Return name and version of the baseline that a run was compared with."""
    row = con.execute(
        "SELECT baseline_name, baseline_version FROM store.run WHERE snapshot = ?", [snapshot]
    ).fetchone()
    return (row[0], row[1]) if row and row[0] is not None else None


def with_approval(
    con: duckdb.DuckDBPyConnection, coverage: list[Coverage], baseline: Baseline | None
) -> list[Coverage]:
    """Return the coverage with `approved` set where the baseline covers the scope."""
    if baseline is None:
        return coverage
    approved = set(
        con.execute(
            "SELECT table_name, cloud, account_id, region FROM store.baseline_scope "
            "WHERE name = ? AND version = ?",
            [baseline.name, baseline.version],
        ).fetchall()
    )
    return [
        replace(
            c, approved=(c.table, c.scope.cloud, c.scope.account_id, c.scope.region) in approved
        )
        for c in coverage
    ]


def inventory(coverage: list[Coverage]) -> dict[str, int]:
    """Return the resources per table in the completely read scopes."""
    counts: dict[str, int] = {}
    for item in coverage:
        if item.status is Status.COMPLETE:
            counts[item.table] = counts.get(item.table, 0) + item.rows
    return dict(sorted(counts.items()))


def outcome_of(
    coverage: list[Coverage],
    findings: list[Finding],
    baseline: Baseline | None,
    fail_on: Severity,
) -> Outcome:
    """Decide what a run came to: drift before gaps, gaps before clean."""
    if baseline is None:
        return Outcome.UNAPPROVED
    drift = any(
        f.status not in (FindingStatus.RESOLVED, FindingStatus.WAIVED)
        and f.verdict is not Verdict.UNKNOWN
        and f.severity.rank <= fail_on.rank
        for f in findings
    )
    if drift:
        return Outcome.DRIFT
    if any(c.status.is_gap for c in coverage) or any(
        f.verdict is Verdict.UNKNOWN
        and f.status not in (FindingStatus.RESOLVED, FindingStatus.WAIVED)
        for f in findings
    ):
        return Outcome.INCOMPLETE
    if any(c.status is Status.COMPLETE and not c.approved for c in coverage):
        return Outcome.UNAPPROVED
    return Outcome.CLEAN


def _skipped(text: str) -> tuple[SkippedQuery, ...]:
    return tuple(SkippedQuery(*pair) for pair in orjson.loads(text))
