"""What a finding becomes in OSCAL: an observation, a risk, and a finding for each control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from auditor.model import AuditRun, Finding, FindingStatus, JsonValue, Verdict
from auditor.report.attribution import attributed
from auditor.report.oscal_parts import LONGEST, filled, json_text, origins, props, uuid_of
from auditor.report.plain import markdown, rfc3339

NIST = "nist-800-53-r5"

_CONTROL = re.compile(rf"{NIST}:([A-Z]{{2}})-(\d{{1,2}})(?:\((\d{{1,2}})\))?", re.ASCII)
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)
_RISKS = {FindingStatus.WAIVED: "deviation-approved", FindingStatus.RESOLVED: "closed"}


def observation(run: AuditRun, finding: Finding) -> dict[str, Any]:
    """Return what was seen, with both values as evidence."""
    sides = (("Approved value", finding.before), ("Value in the snapshot", finding.after))
    return {
        "uuid": uuid_of("observation", finding.fingerprint),
        "title": _title(finding),
        "description": markdown(finding.reason, LONGEST),
        "props": props(_facts(finding)),
        "methods": ["TEST"],
        "types": ["finding"],
        "origins": origins(),
        "subjects": [
            {
                "subject-uuid": subject(finding),
                "type": "inventory-item",
                "title": markdown(finding.resource_id, LONGEST),
            }
        ],
        "relevant-evidence": [
            {"description": title, "props": props({"value": json_text(value)})}
            if value is not None
            else {"description": f"{title}: none"}
            for title, value in sides
        ],
        "collected": rfc3339(finding.last_seen or run.snapshot.sealed_at),
    }


def place(finding: Finding) -> dict[str, JsonValue]:
    """Return where a resource is, as properties."""
    return {
        "cloud": finding.scope.cloud,
        "account-id": finding.scope.account_id,
        "region": finding.scope.region,
        "resource-type": finding.resource_type,
    }


def _facts(finding: Finding) -> dict[str, JsonValue]:
    known = attributed(finding.attribution)
    return {
        "fingerprint": finding.fingerprint,
        "query-id": finding.query_id,
        "verdict": finding.verdict,
        "status": finding.status,
        "severity": finding.severity,
        **place(finding),
        "resource-id": finding.resource_id,
        "detail-key": finding.detail_key,
        "first-seen": finding.first_seen and rfc3339(finding.first_seen),
        "changed-at": finding.changed_at and rfc3339(finding.changed_at),
        "attributed-to": known or json_text(finding.attribution),
        "before-row-hash": finding.before_row_hash,
        "after-row-hash": finding.after_row_hash,
        "control": list(finding.controls),
        "attack": list(finding.attack),
    }


def risk(finding: Finding) -> dict[str, Any]:
    """Return whether the difference stands, was accepted, or is gone."""
    advice = finding.remediation or "Restore it, or approve it with a reason."
    return filled(
        {
            "uuid": uuid_of("risk", finding.fingerprint),
            "title": _title(finding),
            "description": markdown(finding.reason, LONGEST),
            "statement": markdown(advice, LONGEST),
            "props": props({"severity": finding.severity, "waiver": json_text(finding.waiver)}),
            "status": _RISKS.get(finding.status, "open"),
            "threat-ids": [
                {"system": "https://attack.mitre.org", "id": _technique(technique)}
                for technique in dict.fromkeys(finding.attack)
                if _TECHNIQUE.fullmatch(technique)
            ],
            "related-observations": _related(finding),
        }
    )


def findings(finding: Finding) -> Iterator[dict[str, Any]]:
    """Yield a finding for each control of SP 800-53 that an active one speaks to."""
    if finding.status is FindingStatus.RESOLVED:
        return
    waived = finding.status is FindingStatus.WAIVED
    state = {"state": "not-satisfied", "reason": "fail"}
    if waived or finding.verdict is Verdict.UNKNOWN:
        said = "Accepted by a waiver." if waived else "The values could not be evaluated."
        state |= {"reason": "other", "remarks": said}
    for control in control_ids(finding.controls):
        yield {
            "uuid": uuid_of("finding", f"{finding.fingerprint} {control}"),
            "title": _title(finding),
            "description": markdown(finding.reason, LONGEST),
            "target": {"type": "statement-id", "target-id": f"{control}_smt", "status": state},
            "related-observations": _related(finding),
            "related-risks": [{"risk-uuid": uuid_of("risk", finding.fingerprint)}],
        }


def control_ids(controls: Iterable[str]) -> list[str]:
    """Return the ids that the catalogue of NIST has for controls, sorted: `ac-2.12`."""
    found = {match.groups() for match in map(_CONTROL.fullmatch, controls) if match}
    return [
        f"{family.lower()}-{number}" + (f".{part}" if part else "")
        for family, number, part in sorted(found, key=lambda c: (c[0], int(c[1]), int(c[2] or 0)))
    ]


def subject(finding: Finding) -> str:
    """Return the id of the resource that a finding is about."""
    return uuid_of("resource", f"{finding.scope} {finding.resource_type} {finding.resource_id}")


def _technique(id: str) -> str:
    return f"https://attack.mitre.org/techniques/{id.replace('.', '/')}"


def _related(finding: Finding) -> list[dict[str, str]]:
    return [{"observation-uuid": uuid_of("observation", finding.fingerprint)}]


def _title(finding: Finding) -> str:
    return markdown(finding.title or finding.query_id, LONGEST)
