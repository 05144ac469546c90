"""All formats count alike, for any run: what each says is read back as its readers do."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import (
    AuditRun,
    Coverage,
    Finding,
    FindingStatus,
    Outcome,
    Scope,
    Severity,
    Status,
    Verdict,
)
from auditor.report.formats import format_names, render
from auditor.report.html import render as render_html
from auditor.report.json import as_document

from .conftest import terminal
from .counted import COUNTERS
from .sample import baseline, digest, finding, rich_run
from .test_html import Page

GROUPS = ("by_verdict", "by_severity", "by_status", "by_cloud")
SCOPES = st.builds(
    Scope,
    st.sampled_from(["aws", "azure", "gcp"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["eu-1", "global"]),
)
TEXT = st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def findings(draw: st.DrawFn) -> tuple[Finding, ...]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        one = finding(
            draw(st.sampled_from(Verdict)),
            draw(st.sampled_from(Severity)),
            draw(TEXT),
            status=draw(st.sampled_from(FindingStatus)),
            scope=draw(SCOPES),
            before=draw(VALUES),
            after=draw(VALUES),
            attribution=draw(VALUES),
        )
        found.append(replace(one, fingerprint=digest(str(number))[:32]))
    return tuple(sorted(found, key=lambda f: f.severity.rank))


@st.composite
def runs(draw: st.DrawFn) -> AuditRun:
    scopes = draw(st.lists(SCOPES, max_size=5, unique=True))
    coverage = tuple(
        Coverage(
            "t",
            scope,
            draw(st.sampled_from(Status)),
            detail=draw(TEXT),
            approved=draw(st.booleans()),
        )
        for scope in scopes
    )
    return replace(
        rich_run(),
        baseline=draw(st.sampled_from([None, baseline()])),
        coverage=coverage,
        findings=draw(findings()),
        outcome=draw(st.sampled_from(Outcome)),
        fail_on=draw(st.sampled_from(Severity)),
    )


@given(runs())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_document_page_and_terminal_agree(run: AuditRun) -> None:
    summary = as_document(run)["summary"]
    assert _in_page(run) == _nonzero(summary)
    counts = _nonzero(summary)
    covered = counts.pop("coverage", {})
    seen = _in_terminal(run)
    assert seen.pop("coverage", {}) == _spoken(covered)
    assert seen == (counts if run.findings else {})


@pytest.mark.parametrize("name", COUNTERS)
@given(run=runs())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_other_format_agrees_with_the_document(name: str, run: AuditRun) -> None:
    counted = COUNTERS[name](render(run, name))
    expected = _nonzero(as_document(run)["summary"])
    covered = expected.pop("coverage", {})
    assert _filled(counted.findings) == expected
    assert counted.gaps == covered.get("gaps", 0)
    assert counted.unapproved == covered.get("unapproved", 0)


def test_no_format_goes_uncounted() -> None:
    assert {*COUNTERS, "html", "json", "navigator"} == set(format_names())


def _nonzero(summary: dict[str, Any]) -> dict[str, dict[str, int]]:
    groups = {name: summary[name] for name in GROUPS} | {"total": {"total": summary["total"]}}
    groups["coverage"] = {k: v for k, v in summary["coverage"].items() if k != "by_status"}
    return _filled(groups)


def _filled(groups: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    kept = {name: {k: v for k, v in counts.items() if v} for name, counts in groups.items()}
    return {name: counts for name, counts in kept.items() if counts}


def _in_page(run: AuditRun) -> dict[str, dict[str, int]]:
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    parsed = Page(render_html(run).decode())
    for _, attributes in parsed.tags:
        if "data-group" in attributes:
            group, key = attributes["data-group"], attributes["data-key"]
            groups[group or ""][key or ""] = int(attributes["data-count"] or "")
    rows = [a for _, a in parsed.tags if a.get("class") == "finding"]
    for status in {row["data-status"] for row in rows}:
        number = sum(row["data-status"] == status for row in rows)
        assert groups["by_status"][status or ""] == number
    # NOTE: a run without findings has no table of severities to parse.
    return _filled(groups)


def _spoken(covered: dict[str, int]) -> dict[str, int]:
    """The coverage that the terminal spells out."""
    return {key: covered[key] for key in ("complete", "gaps", "skipped") if key in covered}


def _in_terminal(run: AuditRun) -> dict[str, dict[str, int]]:
    text = terminal(run, width=400)
    groups: dict[str, dict[str, int]] = {}
    found = re.search(r"^  (\d+) of (\d+) scopes? complete(?:; (\d+) skipped)?", text, re.M)
    if found:
        complete, asked, skipped = (int(part or 0) for part in found.groups())
        groups["coverage"] = {
            "complete": complete,
            "gaps": asked - complete,
            "skipped": skipped,
        }
    total = re.search(r"^  total +(\d+) active$", text, re.M)
    groups["total"] = {"total": int(total[1])} if total else {}
    for name in ("severity", "verdict", "status", "cloud"):
        line = re.search(rf"^  {name} +(.*)$", text, re.M)
        pairs = re.findall(r"(\d+) (\w+)", line[1]) if line else []
        groups[f"by_{name}"] = {key: int(number) for number, key in pairs}
    return _filled(groups)
