"""Findings in the store: what became of each in every snapshot, and how they stood at one.

What happened to a finding is a row in `finding_event`; nothing is written while it just stays
open, so quiet history costs nothing. A finding whose scope was not read stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from auditor.model import Finding, FindingStatus, Scope, Severity, Verdict
from auditor.store.hashing import canonical_text
from auditor.store.lifecycle import Evaluated, Waived, happened, with_attribution
from auditor.store.tables import insert_columns

_EVENTS = {
    "new": FindingStatus.NEW,
    "reopened": FindingStatus.REOPENED,
    "resolved": FindingStatus.RESOLVED,
}


def record_findings(
    con: duckdb.DuckDBPyConnection,
    *,
    baseline: str,
    snapshot: int,
    found: Iterable[Finding],
    waived: Waived,
    evaluated: Evaluated,
) -> None:
    """Write what became of each finding in this snapshot; call inside a transaction.

    A snapshot may be compared again, with a newer baseline: what was recorded of it is replaced,
    and a finding that only the first comparison had is resolved by the second.
    """
    before = {f.fingerprint: f for f in findings_at(con, baseline, snapshot - 1, ended=True)}
    first = _take_back(con, baseline, snapshot, before)
    now = with_attribution(found, before)
    events = happened(before, now, evaluated, waived, taken_back=first)
    _write(con, baseline, snapshot, events, known=first)
    con.execute(
        "UPDATE store.finding SET last_seen = ? WHERE baseline_name = ? "
        "AND fingerprint IN (SELECT unnest(?::VARCHAR[]))",
        [snapshot, baseline, [f.fingerprint for f in now]],
    )


def findings_at(
    con: duckdb.DuckDBPyConnection, baseline: str, snapshot: int, *, ended: bool = False
) -> list[Finding]:
    """Return the findings as they stood at a snapshot, worst first.

    Includes those that were resolved in that very snapshot; with `ended`, all that ever were.
    """
    rows = con.execute(
        """
        SELECT f.*, e.* EXCLUDE (baseline_name, fingerprint), first.sealed_at AS first_at,
               seen.sealed_at AS last_at, changed.sealed_at AS changed_at
        FROM store.finding f
        JOIN (SELECT * FROM store.finding_event WHERE snapshot <= $snapshot
              QUALIFY row_number() OVER (PARTITION BY baseline_name, fingerprint
                                         ORDER BY snapshot DESC) = 1) e
            USING (baseline_name, fingerprint)
        LEFT JOIN (SELECT baseline_name, fingerprint, max(snapshot) AS snapshot
                   FROM store.finding_event
                   WHERE event = 'changed' AND snapshot <= $snapshot GROUP BY ALL) c
            USING (baseline_name, fingerprint)
        JOIN store.snapshot first ON first.id = f.first_seen
        JOIN store.snapshot seen ON seen.id = least(f.last_seen, $snapshot)
        LEFT JOIN store.snapshot changed ON changed.id = c.snapshot
        WHERE f.baseline_name = $baseline
          AND ($ended OR e.event <> 'resolved' OR e.snapshot = $snapshot)
        """,
        {"snapshot": snapshot, "baseline": baseline, "ended": ended},
    )
    names = [column[0] for column in rows.description or ()]
    found = [_finding(dict(zip(names, row, strict=True)), snapshot) for row in rows.fetchall()]
    return sorted(found, key=order)


def events_at(
    con: duckdb.DuckDBPyConnection, baseline: str, snapshot: int
) -> dict[str, tuple[str, Finding]]:
    """Return what is recorded to have happened to findings in a snapshot, by fingerprint."""
    rows = con.execute(
        "SELECT f.*, e.* EXCLUDE (baseline_name, fingerprint), NULL AS first_at, NULL AS last_at, "
        "NULL AS changed_at FROM store.finding f JOIN store.finding_event e "
        "USING (baseline_name, fingerprint) WHERE f.baseline_name = ? AND e.snapshot = ?",
        [baseline, snapshot],
    )
    names = [column[0] for column in rows.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {row["fingerprint"]: (row["event"], _finding(row, snapshot)) for row in found}


def last_seen(con: duckdb.DuckDBPyConnection, baseline: str) -> dict[str, int]:
    """Return the snapshot in which each finding was last found, by fingerprint."""
    rows = con.execute(
        "SELECT fingerprint, last_seen FROM store.finding WHERE baseline_name = ?", [baseline]
    ).fetchall()
    return dict(rows)


def order(finding: Finding) -> tuple[object, ...]:
    """Sort key of findings: worst first, then by query, scope and resource."""
    return (
        finding.severity.rank,
        finding.query_id,
        finding.scope,
        finding.resource_id,
        finding.detail_key or "",
    )


def _take_back(
    con: duckdb.DuckDBPyConnection, baseline: str, snapshot: int, before: Collection[str]
) -> dict[str, Finding]:
    """Delete what was recorded of a snapshot; return the findings that began in it."""
    here = findings_at(con, baseline, snapshot, ended=True)
    con.execute(
        "DELETE FROM store.finding_event WHERE baseline_name = ? AND snapshot = ?",
        [baseline, snapshot],
    )
    return {f.fingerprint: f for f in here if f.fingerprint not in before}


def _write(
    con: duckdb.DuckDBPyConnection,
    baseline: str,
    snapshot: int,
    events: Sequence[tuple[str, Finding]],
    *,
    known: Collection[str],
) -> None:
    fresh = [f for event, f in events if event == "new" and f.fingerprint not in known]
    insert_columns(
        con,
        "finding",
        {
            "baseline_name": baseline,
            "fingerprint": [f.fingerprint for f in fresh],
            "query_id": [f.query_id for f in fresh],
            "cloud": [f.scope.cloud for f in fresh],
            "account_id": [f.scope.account_id for f in fresh],
            "region": [f.scope.region for f in fresh],
            "resource_id": [f.resource_id for f in fresh],
            "resource_type": [f.resource_type for f in fresh],
            "detail_key": [f.detail_key for f in fresh],
            "first_seen": snapshot,
            "last_seen": snapshot,
        },
    )
    changed = [finding for _, finding in events]
    insert_columns(
        con,
        "finding_event",
        {
            "baseline_name": baseline,
            "fingerprint": [f.fingerprint for f in changed],
            "snapshot": snapshot,
            "event": [event for event, _ in events],
            "verdict": [f.verdict.value for f in changed],
            "severity": [f.severity.value for f in changed],
            "title": [f.title for f in changed],
            "reason": [f.reason for f in changed],
            "before": [canonical_text(f.before) for f in changed],
            "after": [canonical_text(f.after) for f in changed],
            "content_hash": [f.content_hash for f in changed],
            "attack": [list(f.attack) for f in changed],
            "controls": [list(f.controls) for f in changed],
            "remediation": [f.remediation for f in changed],
            "before_row_hash": [f.before_row_hash for f in changed],
            "after_row_hash": [f.after_row_hash for f in changed],
            "attribution": [canonical_text(f.attribution) for f in changed],
            "waiver": [canonical_text(f.waiver) for f in changed],
        },
    )


def _finding(row: dict[str, Any], snapshot: int) -> Finding:
    status = _EVENTS.get(row["event"], FindingStatus.OPEN)
    if status is not FindingStatus.RESOLVED and row["snapshot"] != snapshot:
        status = FindingStatus.OPEN
    waiver = orjson.loads(row.get("waiver") or "null")
    if waiver and status is not FindingStatus.RESOLVED:
        status = FindingStatus.WAIVED
    return Finding(
        fingerprint=row["fingerprint"],
        query_id=row["query_id"],
        verdict=Verdict(row["verdict"]),
        severity=Severity(row["severity"]),
        scope=Scope(row["cloud"], row["account_id"], row["region"]),
        resource_id=row["resource_id"],
        resource_type=row["resource_type"],
        title=row["title"],
        reason=row["reason"],
        before=orjson.loads(row["before"]),
        after=orjson.loads(row["after"]),
        detail_key=row["detail_key"],
        attack=tuple(row["attack"]),
        controls=tuple(row["controls"]),
        content_hash=row["content_hash"],
        status=status,
        first_seen=_aware(row["first_at"]),
        last_seen=_aware(row["last_at"]),
        changed_at=_aware(row["changed_at"]),
        before_row_hash=row["before_row_hash"],
        after_row_hash=row["after_row_hash"],
        attribution=orjson.loads(row.get("attribution") or "null"),
        waiver=waiver,
        remediation=row["remediation"],
    )


def _aware(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None
