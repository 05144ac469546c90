"""What the HTML template prints: the canonical document, arranged for reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.frameworks import load_attack
from auditor.model import AuditRun, FindingStatus, JsonValue, Severity
from auditor.report.attribution import attributed
from auditor.report.changes import ABSENT, Field, fields, told_apart
from auditor.report.headline import headline, nothing_found, unread
from auditor.report.html_matrix import matrices
from auditor.report.json import as_document
from auditor.report.plain import Lines, block, inline, short_id
from auditor.report.summary import asked, groups, proposed

FINDINGS = 2_000
"""Findings on the page at most: beyond that a browser takes seconds to open it."""

_WHO = ("operation", "principal", "user_agent", "event_ids", "principals")
_ROWS = 1_000
_ACCOUNTS = 200
_FIELDS = 60
_VALUE = 1_500
_ORDER = [
    status.value
    for status in (
        FindingStatus.NEW,
        FindingStatus.REOPENED,
        FindingStatus.OPEN,
        FindingStatus.WAIVED,
    )
]


def view(run: AuditRun) -> dict[str, Any]:
    """Return everything that the template names."""
    document = as_document(run)
    resolved = [f for f in document["findings"] if f["status"] == FindingStatus.RESOLVED]
    active = [f for f in document["findings"] if f["status"] != FindingStatus.RESOLVED]
    active.sort(key=lambda f: (Severity(f["severity"]).rank, _ORDER.index(f["status"])))
    shown = active[:FINDINGS]
    shown_resolved = resolved[: FINDINGS - len(shown)]
    return document | {
        "headline": headline(run),
        "fail_on": run.fail_on.value,
        "unread": unread(run),
        "asked": asked(run),
        "nothing_found": nothing_found(run),
        "proposed": proposed(run),
        "matrices": matrices(run.coverage),
        "gap_groups": _cut(groups(run.gaps)),
        "unapproved_groups": _cut(groups(run.unapproved) if run.baseline else []),
        "coverage_rows": _cut(document["coverage"]),
        "baseline_run": run.baseline,
        "severities": [severity.value for severity in Severity],
        "accounts": _cut(_by_account(active), _ACCOUNTS),
        "active": [_entry(finding) for finding in shown],
        "active_cut": len(active) - len(shown),
        "resolved": [_entry(finding) for finding in shown_resolved],
        "resolved_cut": len(resolved) - len(shown_resolved),
        "facets": _facets(shown),
    }


def _cut(rows: Sequence[Any], limit: int = _ROWS) -> dict[str, Any]:
    return {"rows": rows[:limit], "cut": max(len(rows) - limit, 0), "total": len(rows)}


def _by_account(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count severities per account, the account with the worst findings first."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for finding in findings:
        key = (finding["cloud"], finding["account_id"])
        counted.setdefault(key, Counter())[finding["severity"]] += 1
    rows = [
        {
            "cloud": cloud,
            "account_id": account,
            "counts": [counts[severity.value] for severity in Severity],
            "total": counts.total(),
        }
        for (cloud, account), counts in sorted(counted.items())
    ]
    return sorted(rows, key=lambda row: [-number for number in row["counts"]])


def _facets(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    orders = {
        "severity": [s.value for s in Severity],
        "verdict": None,
        "status": _ORDER,
        "cloud": None,
    }
    facets = []
    for name, order in orders.items():
        present = Counter(finding[name] for finding in findings)
        values = [value for value in order if value in present] if order else sorted(present)
        facets.append({"name": name, "options": [(value, present[value]) for value in values]})
    return facets


def _entry(finding: dict[str, Any]) -> dict[str, Any]:
    before, after = finding["before"], finding["after"]
    rows = fields(before, after)
    both = before is not None and after is not None
    return finding | {
        "short_id": short_id(finding["resource_id"]),
        "attack_labels": [load_attack().label(id) for id in finding["attack"]],
        "both": both,
        "heading": "Now" if before is None else "Baseline",
        "fields": [_row(row, both=both) for row in rows[:_FIELDS]] if before is not after else [],
        "fields_cut": max(len(rows) - _FIELDS, 0),
        "attribution_rows": _who(finding["attribution"]),
        "waiver_rows": _pairs(finding["waiver"], "waiver"),
    }


def _row(row: Field, *, both: bool) -> dict[str, Any]:
    before, after = _side(row.before), _side(row.after)
    if row.differs and before == after:
        before, after = map(Lines, told_apart(row.before, row.after, _VALUE))
    return {
        "name": row.name,
        "before": before,
        "after": after,
        "differs": row.differs and both,
        "only": after if row.before is ABSENT else before,
    }


def _side(value: JsonValue) -> str:
    return Lines(ABSENT.value) if value is ABSENT else block(value, _VALUE)


def _who(value: JsonValue) -> list[tuple[str, str]]:
    told = attributed(value)
    if told is None:
        return _pairs(value, "by")
    known = value if isinstance(value, Mapping) else {}
    return [("summary", told), *_pairs({k: known[k] for k in _WHO if known.get(k)}, "by")]


def _pairs(value: JsonValue, name: str) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [(str(key), inline(item, _VALUE)) for key, item in value.items()]
    return [(name, inline(value, _VALUE))]
