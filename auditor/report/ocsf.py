"""OCSF Compliance Findings, for Security Hub, Security Lake and SIEMs.

schema.ocsf.io/1.5.0/classes/compliance_finding, class 2003, with the profile `cloud`. The file is
one JSON array, as other tools of the field write it, so that it is a document like the others; each
event is on a line of its own. The first event is the run. Then follow what stands in the way of
trusting it, each of its own type in `finding_info.types`: of what was not read the compliance is
Unknown, never Pass. Times are in milliseconds, as the standard says. Version 1.5.0 since consumers
still expect it; later versions add to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from auditor.frameworks import load_attack, load_controls
from auditor.model import (
    AuditRun,
    Coverage,
    Finding,
    FindingStatus,
    Outcome,
    Scope,
    Status,
    Verdict,
)
from auditor.report.attribution import attributed
from auditor.report.headline import headline
from auditor.report.plain import all_visible, inline, short_id
from auditor.report.summary import reason

EXTENSION = "json"
MEDIA_TYPE = "application/json"

VERSION = "1.5.0"
_CLASS = 2003
_LONGEST, _NOTE = 4_000, 100
_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_UNKNOWN, _PASS, _WARNING, _FAIL = 0, 1, 2, 3
_NEW, _SUPPRESSED, _RESOLVED = 1, 3, 4
_NOT_RATED, _INFORMATIONAL, _MEDIUM, _HIGH = 0, 1, 3, 4
_COMPLIANCE = {_UNKNOWN: "Unknown", _PASS: "Pass", _WARNING: "Warning", _FAIL: "Fail"}
_STATUS = {_NEW: "New", _SUPPRESSED: "Suppressed", _RESOLVED: "Resolved"}
_ACTIVITY = {_CREATE: "Create", _UPDATE: "Update", _CLOSE: "Close"}
_SEVERITY = {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_ACTIVITIES = {FindingStatus.NEW: _CREATE, FindingStatus.RESOLVED: _CLOSE}
_STATUSES = {FindingStatus.WAIVED: _SUPPRESSED, FindingStatus.RESOLVED: _RESOLVED}
_OUTCOMES = {
    Outcome.CLEAN: _PASS,
    Outcome.DRIFT: _FAIL,
    Outcome.INCOMPLETE: _UNKNOWN,
    Outcome.UNAPPROVED: _WARNING,
    Outcome.INTEGRITY: _FAIL,
}
_PROVIDERS: Mapping[str, tuple[str, int, str]] = {
    "aws": ("AWS", 10, "AWS Account"),
    "azure": ("Azure", 13, "Azure Subscription"),
    "gcp": ("GCP", 11, "GCP Project"),
}
_OF_COVERAGE: Final = (
    ("not-read", "Not read: no statement is made about it", _UNKNOWN, _NOT_RATED),
    ("not-approved", "Read, and in no approved baseline", _WARNING, _MEDIUM),
    ("left-out", "Left out by configuration", _UNKNOWN, _INFORMATIONAL),
)


def render(run: AuditRun) -> bytes:
    """Render the events as an array with a line for each."""
    events = (orjson.dumps(all_visible(event, _LONGEST + _NOTE)) for event in _events(run))
    return b"[\n" + b",\n".join(events) + b"\n]\n"


def _events(run: AuditRun) -> Iterator[dict[str, Any]]:
    yield _about_run(run)
    for number, text in enumerate(run.problems):
        key = f"{run.snapshot.run_id}/{number}"
        yield _event(run, "problem", key, "Problem of the run", text, _FAIL, _HIGH)
    left_out = tuple(item for item in run.coverage if item.status is Status.SKIPPED)
    groups = (run.gaps, run.unapproved, left_out)
    for (kind, title, compliance, severity), items in zip(_OF_COVERAGE, groups, strict=True):
        for item in sorted(items, key=lambda item: (item.scope, item.table)):
            key, text = f"{item.scope}/{item.table}", _place(item)
            yield _event(run, kind, key, title, text, compliance, severity) | _covered(item)
    for query in run.skipped_queries:
        text = f"{query.query_id}: {query.reason}"
        title = "The query says nothing"
        yield _event(run, "query-skipped", query.query_id, title, text, _UNKNOWN, _INFORMATIONAL)
    for finding in run.findings:
        yield _of_finding(run, finding)


def _about_run(run: AuditRun) -> dict[str, Any]:
    compliance, snapshot, baseline = _OUTCOMES[run.outcome], run.snapshot, run.baseline
    title = f"Run {snapshot.run_id}: {run.outcome}"
    event = _event(run, "run", snapshot.run_id, title, headline(run), compliance, _INFORMATIONAL)
    unmapped = {
        "outcome": run.outcome.value,
        "exit_code": run.exit_code,
        "snapshot": {"id": snapshot.id, "digest": snapshot.digest, "seal": snapshot.seal},
        "baseline": None
        if baseline is None
        else {
            "name": baseline.name,
            "version": baseline.version,
            "digest": baseline.digest,
            "approved_by": baseline.approved_by,
            "signed_by": list(baseline.signed_by),
        },
        "gaps": len(run.gaps),
        "unapproved": len(run.unapproved),
    }
    times = {"start_time": _ms(snapshot.started_at), "end_time": _ms(snapshot.sealed_at)}
    return event | times | {"unmapped": unmapped}


def _event(
    run: AuditRun, kind: str, key: str, title: str, text: str, compliance: int, severity: int
) -> dict[str, Any]:
    """Return an event about the run itself, which stands as new."""
    return {
        **_head(run, kind, _CREATE, _NEW, severity),
        "message": f"{title}: {text}" if text else title,
        "finding_info": {"uid": f"{kind}/{key}", "title": title, "desc": text, "types": [kind]},
        "compliance": _compliance(compliance, [text] if text else []),
    }


def _covered(item: Coverage) -> dict[str, Any]:
    return {
        "cloud": _cloud(item.scope),
        "resources": [{"uid": f"{item.scope}/{item.table}", "type": item.table}],
        "unmapped": {"coverage": item.status.value, "error_kind": item.error_kind},
    }


def _of_finding(run: AuditRun, finding: Finding) -> dict[str, Any]:
    activity = _ACTIVITIES.get(finding.status, _UPDATE)
    status = _STATUSES.get(finding.status, _NEW)
    severity = 5 - finding.severity.rank
    code = f"drift.{finding.verdict.lower()}"
    event = _head(run, code, activity, status, severity)
    event |= {
        "message": f"{finding.title}: {short_id(finding.resource_id)} - {finding.reason}",
        "finding_info": _info(finding),
        "compliance": _compliance(_complies(finding), [finding.reason])
        | {
            "control": finding.query_id,
            "requirements": list(finding.controls),
            "standards": _standards(finding),
        },
        "cloud": _cloud(finding.scope),
        "resources": [
            {
                "uid": finding.resource_id,
                "name": short_id(finding.resource_id),
                "type": finding.resource_type,
                "region": finding.scope.region,
            }
        ],
        "evidences": [{"data": {"before": _json(finding.before), "after": _json(finding.after)}}],
        "unmapped": _unmapped(run, finding),
    }
    if finding.remediation:
        event["remediation"] = {"desc": finding.remediation}
    return event


def _info(finding: Finding) -> dict[str, Any]:
    moments = {
        "first_seen_time": finding.first_seen,
        "last_seen_time": finding.last_seen,
        "modified_time": finding.changed_at,
    }
    version = load_attack().version
    attacks = [{"technique": {"uid": id}, "version": version} for id in finding.attack]
    return {
        "uid": finding.fingerprint,
        "title": finding.title or finding.query_id,
        "desc": finding.reason,
        "types": ["drift"],
        "analytic": {"uid": finding.query_id, "type_id": 1, "type": "Rule"},
        **({"attacks": attacks} if attacks else {}),
        **{name: _ms(moment) for name, moment in moments.items() if moment is not None},
    }


def _unmapped(run: AuditRun, finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict.value,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "cloud": finding.scope.cloud,
        "detail_key": finding.detail_key,
        "before_row_hash": finding.before_row_hash,
        "after_row_hash": finding.after_row_hash,
        "attributed_to": attributed(finding.attribution) or _json(finding.attribution),
        "waiver": _json(finding.waiver),
        "snapshot_digest": run.snapshot.digest,
        "baseline_digest": run.baseline.digest if run.baseline else None,
    }


def _head(run: AuditRun, code: str, activity: int, status: int, severity: int) -> dict[str, Any]:
    """Return the attributes that every event has, without those of the profile `cloud`."""
    return {
        "time": _ms(run.snapshot.sealed_at),
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "activity_id": activity,
        "activity_name": _ACTIVITY[activity],
        "type_uid": _CLASS * 100 + activity,
        "type_name": f"Compliance Finding: {_ACTIVITY[activity]}",
        "severity_id": severity,
        "severity": _SEVERITY[severity],
        "status_id": status,
        "status": _STATUS[status],
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "event_code": code,
            "correlation_uid": run.snapshot.run_id,
            "product": {
                "name": "auditor",
                "vendor_name": "cloud-baseline-auditor",
                "version": run.tool_version,
            },
        },
        "cloud": {"provider": "Unknown"},
    }


def _compliance(status: int, details: list[str]) -> dict[str, Any]:
    return {"status_id": status, "status": _COMPLIANCE[status], "status_details": details}


def _complies(finding: Finding) -> int:
    """Return whether the approved value holds: a waiver hides a failure and does not cure it."""
    if finding.status is FindingStatus.RESOLVED:
        return _PASS
    return _UNKNOWN if finding.verdict is Verdict.UNKNOWN else _FAIL


def _standards(finding: Finding) -> list[str]:
    known = load_controls()
    names = dict.fromkeys(control.partition(":")[0] for control in finding.controls)
    return [f"{known[n].title} {known[n].version}" if n in known else n for n in names]


def _cloud(scope: Scope) -> dict[str, Any]:
    name, kind, caption = _PROVIDERS.get(scope.cloud, (scope.cloud, 99, "Other"))
    account = {"uid": scope.account_id, "type_id": kind, "type": caption}
    return {"provider": name, "account": account, "region": scope.region}


def _place(item: Coverage) -> str:
    return " - ".join(filter(None, (f"{item.table} in {item.scope}", item.status, reason(item))))


def _json(value: Any) -> str | None:
    return None if value is None else inline(value, _LONGEST)


def _ms(moment: datetime) -> int:
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(aware.timestamp() * 1000)
