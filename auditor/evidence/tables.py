"""The facts of a period as CSV: tables that people and spreadsheets read."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from auditor.baseline.log import Entry
from auditor.evidence.facts import GAPS, Disposition, Facts
from auditor.frameworks import Framework, answered
from auditor.model import Status
from auditor.report.csv import defused
from auditor.report.plain import inline, rfc3339, visible

ANSWERS: Mapping[str, str] = {
    "approvals": "approvals.csv",
    "baseline": "baselines.csv",
    "coverage": "coverage.csv",
    "findings": "findings.csv",
    "inventory": "inventory.csv",
    "runs": "runs.csv",
}
"""Which file shows each kind of record that a control asks for."""


def tables(facts: Facts, log: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each table, except those of the controls."""
    yield "runs.csv", csv_of(_RUN, _runs(facts))
    yield "missed-runs.csv", csv_of(("due_at",), ([rfc3339(due)] for due in facts.missed or ()))
    yield "coverage.csv", csv_of(_COVERAGE, (row[:-1] for row in facts.coverage))
    yield "gaps.csv", csv_of(_GAP, facts.gaps)
    yield (
        "inventory.csv",
        csv_of(_INVENTORY, ((*r[:4], r[8], r[9]) for r in facts.coverage if r[8])),
    )
    yield "findings.csv", csv_of(_FINDING, (_finding(d, log) for d in facts.dispositions))
    yield "finding-events.csv", csv_of(_EVENT, facts.events)
    yield "approvals.csv", csv_of(_APPROVAL, (_approval(entry) for entry in log))


def controls(facts: Facts, frameworks: Mapping[str, Framework]) -> Iterator[tuple[str, bytes]]:
    """Yield a table for each framework: its controls, the files that answer them, findings."""
    about: defaultdict[tuple[str, str], list[Disposition]] = defaultdict(list)
    for disposition in facts.dispositions:
        for name, answers in answered(disposition.finding.controls).items():
            for control in answers:
                about[name, control].append(disposition)
    for name, framework in frameworks.items():
        named = {control for known, control in about if known == name}
        rows = [
            _control(framework, control, about.get((name, control), ()))
            for control in sorted({*framework.controls, *named})
        ]
        yield f"controls/{name}.csv", csv_of(_CONTROL, rows)


def _control(framework: Framework, control: str, about: Sequence[Disposition]) -> Sequence[object]:
    entry = framework.controls.get(control)
    states = [d.state for d in about]
    files = [ANSWERS[record] for record in entry.answers] if entry else ["findings.csv"]
    return (
        f"{framework.title} {framework.version}",
        control,
        entry.title if entry else "",
        " ".join(files),
        *(states.count(state) for state in _STATES),
        " ".join(sorted({d.finding.fingerprint for d in about})),
    )


_STATES = ("open", "waived", "accepted", "resolved")
_RUN = (
    *("snapshot", "run_id", "started_at", "sealed_at", "compared_at", "outcome"),
    *("baseline", "version", "tool_version", "config_digest", "rules_digest", "resources"),
    *("complete", "gaps", "skipped", "digest", "previous_seal", "approval_head", "seal"),
)
_COVERAGE = (
    *("table", "cloud", "account_id", "region", "runs_complete", "runs_with_gap"),
    *("runs_skipped", "first_complete_snapshot", "last_complete_snapshot"),
)
_GAP = (*("snapshot", "table", "cloud", "account_id", "region", "status", "error_kind", "detail"),)
_INVENTORY = ("table", "cloud", "account_id", "region", "snapshot", "resources")
_FINDING = (
    *("fingerprint", "disposition", "decided_by", "decided_at", "ticket", "reason_of_decision"),
    *("expires_at", "approval_line", "baseline", "severity", "verdict", "cloud", "account_id"),
    *("region", "resource_type", "resource_id", "title", "reason", "before", "after"),
    *("first_seen", "last_seen", "query_id", "controls", "attack", "attributed_to"),
    *("before_row_hash", "after_row_hash", "content_hash"),
)
_EVENT = ("baseline", "fingerprint", "snapshot", "event", "verdict", "severity", "reason")
_APPROVAL = (
    *("line", "sha256", "action", "name", "version", "approved_by", "prepared_by"),
    *("approved_at", "ticket", "reason", "review_due", "owner", "expires_at", "fingerprint"),
    *("content_hash", "digest", "accepted_findings"),
)
_CONTROL = (
    *("framework", "control", "title", "files", *(f"findings_{state}" for state in _STATES)),
    "fingerprints",
)


def _runs(facts: Facts) -> Iterator[Sequence[object]]:
    for run in facts.runs:
        s, found, (name, version) = run.snapshot, run.recorded, run.baseline or (None, None)
        yield (
            *(s.id, s.run_id, s.started_at, s.sealed_at, found and found.at),
            found.outcome if found else "not compared",
            *(name, version, s.tool_version, s.config_digest),
            found.by.rules if found and found.by else None,
            *(s.rows, run.readings.get(Status.COMPLETE.value, 0)),
            sum(run.readings.get(status, 0) for status in GAPS),
            run.readings.get(Status.SKIPPED.value, 0),
            *(s.digest, s.previous_digest, s.approval_head, s.seal),
        )


def _finding(found: Disposition, log: Sequence[Entry]) -> Sequence[object]:
    f = found.finding
    said = log[found.line - 1].content if found.line else {}
    return (
        *(f.fingerprint, found.state, said.get("approved_by"), said.get("approved_at")),
        *(said.get("ticket"), said.get("reason"), said.get("expires_at"), found.line),
        *(found.baseline, f.severity, f.verdict, f.scope.cloud, f.scope.account_id),
        *(f.scope.region, f.resource_type, f.resource_id, f.title, f.reason),
        *(_value(f.before), _value(f.after), f.first_seen, f.last_seen, f.query_id),
        *(" ".join(f.controls), " ".join(f.attack), _value(f.attribution)),
        *(f.before_row_hash, f.after_row_hash, f.content_hash),
    )


def _approval(entry: Entry) -> Sequence[object]:
    said = entry.content
    keys = (*_APPROVAL[2:15], "digest")
    return (
        entry.number,
        entry.sha256,
        *(said.get(key) for key in keys),
        " ".join(said.get("accepts", ())),
    )


def _value(value: object) -> str | None:
    return None if value is None else inline(value, 4_000)


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table that is safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([defused(_text(value)) for value in row])
    return out.getvalue().encode()


def _text(value: object) -> str:
    if value is None:
        return ""
    return rfc3339(value) if isinstance(value, datetime) else visible(str(value))
