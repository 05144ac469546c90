"""JUnit XML: what every CI server shows, with a test for each thing that a run decided.

The suite `run` passes only where the exit code is 0, so that a report without findings is not taken
for a good one. In `coverage` each table in each scope is a test: an error where it was not read,
a failure where nobody approved what was read, skipped where the configuration leaves it out. In
`findings` each difference is a failure, whatever its severity; it is skipped while a waiver holds,
an error where it could not be evaluated, and passes once it is resolved. Facts are lines of
`system-out`, since not all readers take properties of a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from auditor.model import (
    AuditRun,
    Coverage,
    Finding,
    FindingStatus,
    JsonValue,
    Outcome,
    Status,
    Verdict,
)
from auditor.report.attribution import attributed
from auditor.report.changes import differences
from auditor.report.headline import headline
from auditor.report.plain import cut, inline, rfc3339, short_id, visible
from auditor.report.summary import reason

EXTENSION = "xml"
MEDIA_TYPE = "application/xml"

_LONGEST = 4_000
_FIELDS, _FIELD = 20, 200
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_OF_OUTCOME = {Outcome.CLEAN: "passed", Outcome.DRIFT: "failure", Outcome.UNAPPROVED: "failure"}


@dataclass(frozen=True, slots=True)
class _Case:
    """A test: what it is about, how it ended, and why."""

    about: str
    name: str
    result: str = "passed"
    """`passed`, or the element that says otherwise."""
    kind: str = ""
    why: str = ""
    details: tuple[str, ...] = ()
    facts: dict[str, JsonValue] = field(default_factory=dict)


def render(run: AuditRun) -> bytes:
    """Render the suites as indented XML that ends in a line break."""
    suites = {
        "run": [*_of_run(run)],
        "coverage": [_of_coverage(item) for item in _sorted(run.coverage)],
        "findings": [_of_finding(finding) for finding in run.findings],
    }
    root = ElementTree.Element("testsuites", {"name": "auditor", **_totals(run, *suites.values())})
    for name, cases in suites.items():
        about = {"name": name, "timestamp": rfc3339(run.snapshot.started_at).removesuffix("Z")}
        suite = ElementTree.SubElement(root, "testsuite", about | _totals(run, cases))
        for case in cases:
            _write(suite, case)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _of_run(run: AuditRun) -> Iterator[_Case]:
    result = _OF_OUTCOME.get(run.outcome, "error")
    facts = {
        "run": run.snapshot.run_id,
        "snapshot": run.snapshot.id,
        "snapshot digest": run.snapshot.digest,
        "baseline": f"{run.baseline.name} v{run.baseline.version}" if run.baseline else "none",
        "exit code": run.exit_code,
    }
    yield _Case("run", "outcome", result, run.outcome.value, headline(run), facts=facts)
    for number, problem in enumerate(run.problems, 1):
        yield _Case("run", f"problem {number}", "error", "problem", problem)
    for query in run.skipped_queries:
        yield _Case("run", f"query {query.query_id}", "skipped", "", query.reason)


def _of_coverage(item: Coverage) -> _Case:
    about, status = str(item.scope), item.status
    facts = {"coverage": status.value, "approved": str(item.approved).lower(), "rows": item.rows}
    if status.is_gap:
        why = reason(item) or "not read"
        return _Case(about, item.table, "error", status.value, f"{why}; not judged", facts=facts)
    if status is Status.SKIPPED:
        why = reason(item) or "left out by configuration"
        return _Case(about, item.table, "skipped", "", why, facts=facts)
    if not item.approved:
        why = "read, and in no approved baseline"
        return _Case(about, item.table, "failure", "not-approved", why, facts=facts)
    return _Case(about, item.table, facts=facts)


def _of_finding(finding: Finding) -> _Case:
    what = f"{finding.title or finding.query_id}: {short_id(finding.resource_id)}"
    told, left = differences(finding.before, finding.after, fields_at_most=_FIELDS, limit=_FIELD)
    more = [f"and {left} more fields"] if left else []
    result = _result(finding)
    return _Case(
        about=finding.query_id,
        name=f"{what} ({finding.detail_key})" if finding.detail_key else what,
        result=result,
        kind=f"{finding.severity} {finding.verdict}",
        why=_waived(finding) if result == "skipped" else finding.reason,
        details=(*told, *more, *filter(None, [finding.remediation])),
        facts=_facts(finding),
    )


def _facts(finding: Finding) -> dict[str, JsonValue]:
    return {
        "fingerprint": finding.fingerprint,
        "verdict": finding.verdict.value,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "cloud": finding.scope.cloud,
        "account": finding.scope.account_id,
        "region": finding.scope.region,
        "type": finding.resource_type,
        "resource": finding.resource_id,
        "changed": attributed(finding.attribution),
    }


def _result(finding: Finding) -> str:
    if finding.status is FindingStatus.RESOLVED:
        return "passed"
    if finding.status is FindingStatus.WAIVED:
        return "skipped"
    return "error" if finding.verdict is Verdict.UNKNOWN else "failure"


def _waived(finding: Finding) -> str:
    """Return why a finding is accepted; the whole waiver, whatever it holds."""
    return "waived" if finding.waiver is None else f"waived: {inline(finding.waiver, _LONGEST)}"


def _write(suite: ElementTree.Element, case: _Case) -> None:
    names = {"classname": _text(case.about), "name": _text(case.name), "time": "0"}
    element = ElementTree.SubElement(suite, "testcase", names)
    if case.result != "passed":
        kind = {"type": case.kind} if case.kind else {}
        said = ElementTree.SubElement(element, case.result, {**kind, "message": _text(case.why)})
        said.text = "\n".join(map(_text, case.details)) or None
    facts = [f"{name}: {value}" for name, value in case.facts.items() if value is not None]
    if facts:
        ElementTree.SubElement(element, "system-out").text = "\n".join(map(_text, facts))


def _totals(run: AuditRun, *suites: Iterable[_Case]) -> dict[str, str]:
    results = [case.result for cases in suites for case in cases]
    lasted = (run.snapshot.sealed_at - run.snapshot.started_at).total_seconds()
    counts = {name: str(results.count(result)) for name, result in _COUNTED.items()}
    return {"tests": str(len(results)), **counts, "time": f"{lasted:.3f}"}


def _sorted(coverage: Iterable[Coverage]) -> list[Coverage]:
    return sorted(coverage, key=lambda item: (item.scope, item.table))


def _text(text: str) -> str:
    return cut(visible(text), _LONGEST)
