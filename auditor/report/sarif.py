"""SARIF 2.1.0, for code scanning and for whatever else collects results of tools.

docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. A drift query or setting is a rule, a
finding is a result, a waiver is a suppression. A result that no longer holds is `absent` and of
kind `pass`. What was not read, and what nobody approved, are notifications of the invocation: a
viewer shows them as errors and warnings of the tool. A result needs a file, so each names
`inventory/<cloud>/<account>.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from auditor.model import AuditRun, Coverage, Finding, FindingStatus, Severity, Verdict
from auditor.report.headline import headline
from auditor.report.plain import all_visible, inline, rfc3339, short_id, visible
from auditor.report.summary import reason, summarise

EXTENSION = "sarif"
MEDIA_TYPE = "application/sarif+json"

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
_STATES = {
    FindingStatus.NEW: "new",
    FindingStatus.REOPENED: "new",
    FindingStatus.RESOLVED: "absent",
}
_LONGEST, _NOTE = 4_000, 100
_NOTIFICATIONS = {
    "not-read": "Not read: no statement is made about it",
    "not-approved": "Read, and in no approved baseline",
    "query-skipped": "The query says nothing",
    "problem": "Problem of the run",
}


def render(run: AuditRun) -> bytes:
    """Render the log as indented JSON that ends in a line break."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(run)]}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(all_visible(log, _LONGEST + _NOTE), option=options)


def _run(run: AuditRun) -> dict[str, Any]:
    rules = _rules(run)
    places = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {
        "name": "auditor",
        "version": run.tool_version,
        "notifications": [
            {"id": id, "shortDescription": {"text": text}} for id, text in _NOTIFICATIONS.items()
        ],
        "rules": rules,
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"auditor/{run.snapshot.run_id}"},
        "invocations": [_invocation(run)],
        "results": [_result(finding, places[finding.query_id]) for finding in run.findings],
        "properties": {"snapshot": run.snapshot.digest, "summary": summarise(run)},
    }


def _rules(run: AuditRun) -> list[dict[str, Any]]:
    """Return the queries that found something; the severity is that of their worst finding."""
    worst: dict[str, Finding] = {}
    for finding in sorted(run.findings, key=lambda f: f.severity.rank):
        worst.setdefault(finding.query_id, finding)
    return [
        {
            "id": id,
            "shortDescription": {"text": worst[id].title or id},
            "help": {"text": worst[id].remediation or "Restore it, or approve it with a reason."},
            "properties": {
                "security-severity": _SCORES[worst[id].severity],
                "tags": sorted({"security", *worst[id].attack, *worst[id].controls}),
            },
        }
        for id in sorted(worst)
    ]


def _invocation(run: AuditRun) -> dict[str, Any]:
    return {
        "executionSuccessful": bool(run.coverage) and not (run.gaps or run.problems),
        "exitCode": run.exit_code,
        "exitCodeDescription": headline(run),
        "startTimeUtc": rfc3339(run.snapshot.started_at),
        "endTimeUtc": rfc3339(run.snapshot.sealed_at),
        "toolExecutionNotifications": list(_notifications(run)),
    }


def _notifications(run: AuditRun) -> Iterator[dict[str, Any]]:
    for problem in run.problems:
        yield _notification("problem", "error", problem)
    for id, level, items in (
        ("not-read", "error", run.gaps),
        ("not-approved", "warning", run.unapproved),
    ):
        for item in sorted(items, key=lambda item: (item.scope, item.table)):
            yield _notification(id, level, _place(item))
    for skipped in run.skipped_queries:
        yield _notification("query-skipped", "note", f"{skipped.query_id}: {skipped.reason}")


def _notification(id: str, level: str, text: str) -> dict[str, Any]:
    return {
        "descriptor": {"id": id},
        "level": level,
        "message": {"text": f"{_NOTIFICATIONS[id]}: {text}"},
    }


def _place(item: Coverage) -> str:
    return " - ".join(filter(None, (f"{item.table} in {item.scope}", item.status, reason(item))))


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    kind = _kind(finding)
    waiver = finding.waiver if isinstance(finding.waiver, Mapping) else {}
    result = {
        "ruleId": finding.query_id,
        "ruleIndex": rule,
        "kind": kind,
        "level": _LEVELS.get(finding.severity, "note") if kind == "fail" else "none",
        "baselineState": _STATES.get(finding.status, "unchanged"),
        "message": {"text": f"{finding.title}: {short_id(finding.resource_id)} - {finding.reason}"},
        "locations": [_location(finding)],
        "partialFingerprints": {
            "auditor/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": _properties(finding),
    }
    if finding.status is FindingStatus.WAIVED:
        text = str(waiver.get("reason") or "waived")
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": text}]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    scope, resource = finding.scope, finding.resource_id
    account = quote(visible(scope.account_id), "")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"inventory/{scope.cloud}/{account}.json"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"name": short_id(resource), "fullyQualifiedName": resource, "kind": "resource"}
        ],
    }


def _kind(finding: Finding) -> str:
    """Return `fail`, or why it is not: only a failure has a level (3.27.10)."""
    if finding.status is FindingStatus.RESOLVED:
        return "pass"
    return "open" if finding.verdict is Verdict.UNKNOWN else "fail"


def _properties(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict.value,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "cloud": finding.scope.cloud,
        "account_id": finding.scope.account_id,
        "region": finding.scope.region,
        "resource_type": finding.resource_type,
        "before": None if finding.before is None else inline(finding.before, _LONGEST),
        "after": None if finding.after is None else inline(finding.after, _LONGEST),
    }
