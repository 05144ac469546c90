"""OSCAL assessment results, for assessors and the tools of FedRAMP and others who read them.

pages.nist.gov/OSCAL-Reference, model assessment-results. Each finding is an observation with both
values as evidence, and a risk that is open, closed, or accepted by a waiver. Where it names a
control of NIST SP 800-53, a finding says that its statement is not satisfied; one that no longer
holds says nothing of the kind, since one repaired difference does not prove a control. What was
not read, and what nobody approved, are observations too, of their own types, before the others.

Properties have a namespace of their own. Ids are derived from fingerprints and digests, so that
they stay the same from run to run; that of the document is derived from its content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import orjson

from auditor.frameworks import load_controls
from auditor.model import AuditRun, Baseline, Coverage, JsonValue, Status
from auditor.report.headline import headline
from auditor.report.oscal_findings import (
    NIST,
    control_ids,
    findings,
    observation,
    place,
    risk,
    subject,
)
from auditor.report.oscal_parts import LONGEST, filled, origins, props, uuid_of
from auditor.report.plain import markdown, rfc3339, visible
from auditor.report.summary import reason, summarise

EXTENSION = "json"
MEDIA_TYPE = "application/json"

_VERSION = "1.2.1"
_OF_COVERAGE = {
    "not-read": "Not read: no statement is made about it",
    "not-approved": "Read, and in no approved baseline",
    "left-out": "Left out by configuration",
}


def render(run: AuditRun) -> bytes:
    """Render the document as indented JSON that ends in a line break."""
    document = _document(run)
    content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    whole = {
        "assessment-results": {"uuid": uuid_of("document", sha256(content).hexdigest())} | document
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _document(run: AuditRun) -> dict[str, Any]:
    snapshot, plan = run.snapshot, uuid_of("plan", run.snapshot.config_digest)
    resources = [
        _resource(plan, "Configuration of the run", {"digest": snapshot.config_digest}),
        _resource(
            uuid_of("snapshot", snapshot.seal),
            f"Snapshot {snapshot.id}",
            {
                "digest": snapshot.digest,
                "seal": snapshot.seal,
                "previous-seal": snapshot.previous_digest,
                "approval-head": snapshot.approval_head,
            },
        ),
    ]
    if run.baseline is not None:
        resources.append(_baseline(run.baseline))
    return {
        "metadata": {
            "title": f"Assessment results of snapshot {snapshot.id}",
            "last-modified": rfc3339(snapshot.sealed_at),
            "version": visible(snapshot.run_id).strip() or "unnamed",
            "oscal-version": _VERSION,
        },
        "import-ap": {
            "href": f"#{plan}",
            "remarks": "The plan is the configuration of the run: what is read and compared.",
        },
        "results": [_result(run)],
        "back-matter": {"resources": resources},
    }


def _result(run: AuditRun) -> dict[str, Any]:
    about = {"outcome": run.outcome, "exit-code": run.exit_code, "tool-version": run.tool_version}
    hashes = {"snapshot-digest": run.snapshot.digest, "snapshot-seal": run.snapshot.seal}
    if run.baseline is not None:
        named = f"{run.baseline.name} v{run.baseline.version}"
        hashes |= {"baseline": named, "baseline-digest": run.baseline.digest}
    covered = summarise(run)["coverage"]
    counts = {f"coverage-{name}": covered[name] for name in covered if name != "by_status"}
    observations = [*_obstacles(run), *(observation(run, finding) for finding in run.findings)]
    return filled(
        {
            "uuid": uuid_of("result", run.snapshot.seal),
            "title": f"Comparison of snapshot {run.snapshot.id} with the approved baseline",
            "description": markdown(f"Outcome {run.outcome}: {headline(run)}", LONGEST),
            "start": rfc3339(run.snapshot.started_at),
            "end": rfc3339(run.snapshot.sealed_at),
            "props": props(about | hashes | counts),
            "local-definitions": _definitions(run),
            "reviewed-controls": _reviewed(run),
            "observations": observations,
            "risks": [risk(finding) for finding in run.findings],
            "findings": [one for finding in run.findings for one in findings(finding)],
        }
    )


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return _resource(
        uuid_of("baseline", f"{baseline.name} {baseline.version} {baseline.digest}"),
        f"Baseline {baseline.name}, version {baseline.version}",
        {
            "digest": baseline.digest,
            "previous-digest": baseline.previous_digest,
            "prepared-by": baseline.prepared_by,
            "approved-by": baseline.approved_by,
            "approved-at": rfc3339(baseline.approved_at),
            "signed-by": list(baseline.signed_by),
            "reason": baseline.reason,
            "ticket": baseline.ticket,
        },
    )


def _definitions(run: AuditRun) -> dict[str, Any]:
    """Return the tool, to which observations refer, and the resources that have findings."""
    software = {
        "uuid": uuid_of("tool", "component"),
        "type": "software",
        "title": "auditor",
        "description": "Reads cloud inventories and compares them with an approved baseline.",
        "props": props({"version": run.tool_version}),
        "status": {"state": "operational"},
    }
    platform = {
        "uuid": uuid_of("tool", "platform"),
        "title": "auditor",
        "uses-components": [{"component-uuid": software["uuid"]}],
    }
    items = {subject(finding): finding for finding in run.findings}
    return filled(
        {
            "inventory-items": [
                {
                    "uuid": uuid,
                    "description": markdown(finding.resource_id, LONGEST),
                    "props": props(place(finding)),
                }
                for uuid, finding in items.items()
            ],
            "assessment-assets": {
                "components": [software],
                "assessment-platforms": [platform],
            },
        }
    )


def _reviewed(run: AuditRun) -> dict[str, Any]:
    """Return the controls that findings can speak to, and those that these findings name."""
    watched = (
        f"{NIST}:{control}"
        for control, entry in load_controls()[NIST].controls.items()
        if "findings" in entry.answers
    )
    named = (control for finding in run.findings for control in finding.controls)
    return {
        "control-selections": [
            {"include-controls": [{"control-id": id} for id in control_ids((*watched, *named))]}
        ],
        "remarks": "Only in what was read: observations of the type not-read name the rest.",
    }


def _obstacles(run: AuditRun) -> Iterator[dict[str, Any]]:
    """Yield what must be known before the findings are believed."""
    for number, problem in enumerate(run.problems):
        yield _told(run, "problem", f"{number} {problem}", "Problem of the run", problem, {})
    left_out = [item for item in run.coverage if item.status is Status.SKIPPED]
    for kind, items in (
        ("not-read", run.gaps),
        ("not-approved", run.unapproved),
        ("left-out", left_out),
    ):
        for item in sorted(items, key=lambda item: (item.scope, item.table)):
            said = f"{item.table} in {item.scope}"
            why = f"{said}: {reason(item)}" if reason(item) else said
            yield _told(run, kind, said, _OF_COVERAGE[kind], why, _coverage(item))
    for number, query in enumerate(run.skipped_queries):
        key, named = f"{number} {query.query_id}", {"query-id": query.query_id}
        yield _told(run, "query-skipped", key, "The query says nothing", query.reason, named)


def _coverage(item: Coverage) -> dict[str, JsonValue]:
    return {
        "coverage": item.status,
        "cloud": item.scope.cloud,
        "account-id": item.scope.account_id,
        "region": item.scope.region,
        "resource-type": item.table,
        "error-kind": item.error_kind,
    }


def _told(
    run: AuditRun, kind: str, key: str, title: str, text: str, named: Mapping[str, JsonValue]
) -> dict[str, Any]:
    return filled(
        {
            "uuid": uuid_of(kind, key),
            "title": title,
            "description": markdown(text, LONGEST),
            "props": props(named),
            "methods": ["UNKNOWN" if kind == "not-read" else "TEST"],
            "types": [kind],
            "origins": origins(),
            "collected": rfc3339(run.snapshot.sealed_at),
        }
    )


def _resource(uuid: str, title: str, named: Mapping[str, JsonValue]) -> dict[str, Any]:
    return {"uuid": uuid, "title": markdown(title, LONGEST), "props": props(named)}
