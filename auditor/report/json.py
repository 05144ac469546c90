"""`findings.json`: the canonical document of a run, from which every other format is rendered.

`findings.schema.json` beside this file describes it. Keys keep a fixed order, so that equal runs
give equal bytes and two documents can be compared with ordinary tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from auditor.model import AuditRun, Baseline, Coverage, Finding, JsonValue, Snapshot
from auditor.report.plain import rfc3339, visible
from auditor.report.summary import summarise

EXTENSION = "json"
MEDIA_TYPE = "application/json"
SCHEMA_VERSION = "1.0"

_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1


def render(run: AuditRun) -> bytes:
    """Render the document as indented UTF-8 JSON that ends in a line break."""
    document = as_document(run)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(document, default=_plain, option=options)
    except TypeError:
        # NOTE: orjson refuses lone surrogates and integers beyond 64 bits; a hostile tag must
        # not be able to suppress the whole report.
        return orjson.dumps(_representable(document), default=_plain, option=options)


def as_document(run: AuditRun) -> dict[str, Any]:
    """Return the document as plain dictionaries and lists, in the order of the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool_version": run.tool_version,
        "outcome": run.outcome.value,
        "exit_code": run.exit_code,
        "run": _run(run.snapshot),
        "baseline": None if run.baseline is None else _baseline(run.baseline),
        "coverage": [
            _coverage(item) for item in sorted(run.coverage, key=lambda c: (c.scope, c.table))
        ],
        "findings": [_finding(finding) for finding in run.findings],
        "summary": summarise(run),
        "skipped_queries": [
            {"query_id": skipped.query_id, "reason": skipped.reason}
            for skipped in run.skipped_queries
        ],
        "problems": list(run.problems),
        "next_steps": list(run.next_steps),
    }


def _run(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.run_id,
        "started_at": rfc3339(snapshot.started_at),
        "sealed_at": rfc3339(snapshot.sealed_at),
        "snapshot": snapshot.id,
        "digest": snapshot.digest,
        "previous_digest": snapshot.previous_digest,
        "config_digest": snapshot.config_digest,
        "seal": snapshot.seal,
    }


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return {
        "name": baseline.name,
        "version": baseline.version,
        "digest": baseline.digest,
        "approved_by": baseline.approved_by,
        "approved_at": rfc3339(baseline.approved_at),
        "signed_by": list(baseline.signed_by),
        "reason": baseline.reason,
        "ticket": baseline.ticket,
    }


def _coverage(item: Coverage) -> dict[str, Any]:
    return {
        "cloud": item.scope.cloud,
        "account_id": item.scope.account_id,
        "region": item.scope.region,
        "table": item.table,
        "status": item.status.value,
        "rows": item.rows,
        "error_kind": item.error_kind,
        "detail": item.detail,
        "approved": item.approved,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "fingerprint": finding.fingerprint,
        "query_id": finding.query_id,
        "verdict": finding.verdict.value,
        "status": finding.status.value,
        "severity": finding.severity.value,
        "cloud": finding.scope.cloud,
        "account_id": finding.scope.account_id,
        "region": finding.scope.region,
        "resource_id": finding.resource_id,
        "resource_type": finding.resource_type,
        "detail_key": finding.detail_key,
        "title": finding.title,
        "reason": finding.reason,
        "before": finding.before,
        "after": finding.after,
        "first_seen": _time(finding.first_seen),
        "last_seen": _time(finding.last_seen),
        "changed_at": _time(finding.changed_at),
        "attack": list(finding.attack),
        "controls": list(finding.controls),
        "remediation": finding.remediation,
        "evidence": {
            "before_row_hash": finding.before_row_hash,
            "after_row_hash": finding.after_row_hash,
        },
        "attribution": finding.attribution,
        "waiver": finding.waiver,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _representable(value: JsonValue) -> JsonValue:
    """Return the value with large integers as strings and lone surrogates as escapes."""
    if isinstance(value, Mapping):
        return {_text(str(key)): _representable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_representable(item) for item in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
        return str(value)
    return value


def _text(text: str) -> str:
    return "".join(visible(char) if "\ud800" <= char <= "\udfff" else char for char in text)
