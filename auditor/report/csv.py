"""CSV: the working paper of an auditor, one row per finding, safe to open in a spreadsheet.

RFC 4180 in UTF-8 without a byte order mark, every cell quoted, CRLF. A row says in `record` what it
is. First the run, then what stands in the way of trusting it (`problem`, `gap`, `unapproved`,
`skipped`), then each `finding`, resolved ones included: a file without findings must not look like
good news where nothing was read.

What a cell could do in a spreadsheet is taken from it as OWASP advises
(owasp.org/www-community/attacks/CSV_Injection): text that begins like a formula gets an apostrophe
in front. Spreadsheets hold 32,767 characters in a cell; longer ones are cut with a note, and
findings.json has the whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import AuditRun, Coverage, JsonValue, Status
from auditor.report.attribution import attributed
from auditor.report.changes import differences
from auditor.report.headline import headline
from auditor.report.json import as_document
from auditor.report.plain import cut, inline, visible
from auditor.report.summary import reason

EXTENSION = "csv"
MEDIA_TYPE = "text/csv; charset=utf-8"

COLUMNS: Mapping[str, str] = {
    "record": "run, problem, gap, unapproved, skipped or finding",
    "status": "of a finding, of a scope, or the outcome of the run",
    "severity": "critical, high, medium, low or info",
    "verdict": "what the finding says: NEW, LOOSENED and so on",
    "cloud": "aws, azure or gcp",
    "account_id": "AWS account, Azure subscription or Google Cloud project",
    "region": "`global` for what has none",
    "resource_type": "the table",
    "resource_id": "ARN, ARM id or full resource name",
    "title": "what was found, or what the row is about",
    "reason": "what differs; why a scope was not read",
    "changes": "the fields that differ, in short",
    "before": "the approved value, as JSON unless it is plain text",
    "after": "the value in the snapshot, likewise",
    "attributed_to": "who made the change, where the logs were read",
    "first_seen": "RFC 3339, UTC",
    "last_seen": "RFC 3339, UTC",
    "changed_at": "RFC 3339, UTC",
    "attack": "techniques of MITRE ATT&CK, separated by blanks",
    "controls": "framework:control, separated by blanks",
    "waiver": "the approved exception, as JSON",
    "remediation": "what to do",
    "query_id": "the drift query or setting",
    "detail_key": "what in the resource, where one has several findings",
    "fingerprint": "stays the same from run to run",
    "before_row_hash": "of the approved row",
    "after_row_hash": "of the row in the snapshot",
    "snapshot": "number of the snapshot",
    "sealed_at": "RFC 3339, UTC",
    "baseline": "name and version of what it is compared with",
}
"""Name and meaning of every column, in order; new ones are only added at the end."""

LONGEST = 32_000
"""Characters of a value; a cell may hold the note beyond them."""

_NOTE = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_FIELDS, _FIELD = 20, 200


def render(run: AuditRun) -> bytes:
    """Render the rows with a header."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(run):
        writer.writerow([defused(row[column]) for column in COLUMNS])
    return out.getvalue().encode("utf-8")


def rows(run: AuditRun) -> Iterator[dict[str, str]]:
    """Yield every row as visible text, not yet defused: a workbook has typed cells instead."""
    document = as_document(run)
    snapshot, baseline = document["run"], document["baseline"]
    against = f"{baseline['name']} v{baseline['version']}" if baseline else "none"
    common = {
        "snapshot": snapshot["snapshot"],
        "sealed_at": snapshot["sealed_at"],
        "baseline": against,
    }
    for part in (*_about(run), *map(_finding, document["findings"])):
        row = dict.fromkeys(COLUMNS, "") | common | part
        yield {column: cut(_text(value), LONGEST + _NOTE) for column, value in row.items()}


def defused(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _about(run: AuditRun) -> Iterator[dict[str, Any]]:
    """Yield what must be known before the findings are believed."""
    yield {
        "record": "run",
        "status": run.outcome.value,
        "title": f"Run {run.snapshot.run_id}",
        "reason": headline(run),
    }
    for problem in run.problems:
        yield {"record": "problem", "title": "Problem of the run", "reason": problem}
    left_out = [item for item in run.coverage if item.status is Status.SKIPPED]
    for record, title, items in (
        ("gap", "Not read: no statement about it", run.gaps),
        ("unapproved", "Read, and in no approved baseline", run.unapproved),
        ("skipped", "Left out by configuration", left_out),
    ):
        for item in sorted(items, key=lambda item: (item.scope, item.table)):
            yield {"record": record, "title": title, **_coverage(item)}
    for query in run.skipped_queries:
        about = {"query_id": query.query_id, "reason": query.reason}
        yield {"record": "skipped", "title": "The query says nothing", **about}


def _coverage(item: Coverage) -> dict[str, Any]:
    return {
        "status": item.status.value,
        "cloud": item.scope.cloud,
        "account_id": item.scope.account_id,
        "region": item.scope.region,
        "resource_type": item.table,
        "reason": reason(item),
    }


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    before, after = finding["before"], finding["after"]
    told, left = differences(before, after, fields_at_most=_FIELDS, limit=_FIELD)
    more = [f"and {left} more fields"] if left else []
    named = {name: finding[name] for name in COLUMNS if name in finding}
    return named | {
        "record": "finding",
        "changes": "; ".join(told + more),
        "before": _json(before),
        "after": _json(after),
        "attributed_to": attributed(finding["attribution"]) or _json(finding["attribution"]),
        "attack": " ".join(finding["attack"]),
        "controls": " ".join(finding["controls"]),
        "waiver": _json(finding["waiver"]),
        **finding["evidence"],
    }


def _json(value: JsonValue) -> str:
    return "" if value is None else inline(value, LONGEST)


def _text(value: object) -> str:
    return "" if value is None else visible(str(value))
