"""JUnit XML: what a CI server reads from it, and that nothing unread passes."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from auditor.model import AuditRun, FindingStatus, Status, Verdict
from auditor.report.junit import render
from auditor.report.plain import visible

from .sample import HOSTILE, RUNS, rich_run


def suites(run: AuditRun) -> dict[str, list[TestCase]]:
    return {suite.name: list(suite) for suite in JUnitXml.fromstring(render(run))}


def ended(case: TestCase) -> str:
    (result,) = case.result or [None]
    return {Error: "error", Failure: "failure", Skipped: "skipped"}.get(type(result), "passed")


@pytest.mark.parametrize("name", RUNS)
def test_totals_are_those_that_a_reader_counts(name: str) -> None:
    read = JUnitXml.fromstring(render(RUNS[name]()))
    told = (read.tests, read.failures, read.errors, read.skipped)
    read.update_statistics()
    assert told == (read.tests, read.failures, read.errors, read.skipped)
    for suite in read:
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert told == (suite.tests, suite.failures, suite.errors, suite.skipped)


@pytest.mark.parametrize("name", RUNS)
def test_only_a_run_that_exits_0_is_green(name: str) -> None:
    run = RUNS[name]()
    results = {ended(case) for cases in suites(run).values() for case in cases}
    assert bool(results & {"error", "failure"}) == bool(run.exit_code)


def test_scopes_that_were_not_read_are_errors() -> None:
    run = rich_run()
    cases = suites(run)["coverage"]
    results = {(c.classname, c.name): ended(c) for c in cases}
    assert len(results) == len(run.coverage)
    for item in run.coverage:
        expected = {Status.COMPLETE: "passed", Status.SKIPPED: "skipped"}.get(item.status, "error")
        if item in run.unapproved:
            expected = "failure"
        assert results[str(item.scope), item.table] == expected
    denied = next(c for c in cases if ended(c) == "error")
    assert denied.result[0].message.endswith("; not judged")


@pytest.mark.parametrize(
    ("verdict", "status", "result"),
    [
        (Verdict.LOOSENED, FindingStatus.NEW, "failure"),
        (Verdict.NEW, FindingStatus.REOPENED, "failure"),
        (Verdict.UNKNOWN, FindingStatus.OPEN, "error"),
        (Verdict.UNKNOWN, FindingStatus.WAIVED, "skipped"),
        (Verdict.LOOSENED, FindingStatus.WAIVED, "skipped"),
        (Verdict.LOOSENED, FindingStatus.RESOLVED, "passed"),
    ],
)
def test_a_finding_fails_until_it_is_accepted_or_gone(
    verdict: Verdict, status: FindingStatus, result: str
) -> None:
    run = rich_run()
    one = replace(run.findings[0], verdict=verdict, status=status)
    (case,) = suites(replace(run, findings=(one,)))["findings"]
    assert ended(case) == result


def test_a_failure_says_what_differs_where_and_who_did_it() -> None:
    case = suites(rich_run())["findings"][0]
    assert case.classname == "aws_policy_loosened"
    assert case.name == "SSH opened to the Internet: sg-09b3c2d1e0f4a5b6c"
    (failure,) = case.result
    assert failure.type == "critical LOOSENED"
    assert failure.message == "tcp/22 now also from 0.0.0.0/0 (rule sgr-09b3 added)"
    assert failure.text.splitlines()[0] == "sources: added 0.0.0.0/0"
    assert "account: 111122223333\n" in case.system_out
    assert "changed: by mallory from 203.0.113.7" in case.system_out


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", "\x00", "]]>", "\ufffe", "x" * 262_144])
def test_hostile_values_are_visible_text_and_bounded(text: str) -> None:
    run = rich_run()
    odd = replace(
        run.findings[0], title=text, reason=text, resource_id=text, after=text, query_id=text
    )
    content = render(replace(run, findings=(odd,), problems=(text,))).decode()
    assert all(line == visible(line) for line in content.split("\n"))
    assert len(content) < 60_000
    tags = {element.tag for element in ElementTree.fromstring(content).iter()}
    assert tags <= {
        *("testsuites", "testsuite", "testcase", "system-out"),
        *("failure", "error", "skipped"),
    }


def test_no_value_forges_a_fact() -> None:
    run = rich_run()
    odd = replace(run.findings[0], resource_id="i-1\nstatus: resolved")
    (case,) = suites(replace(run, findings=(odd,)))["findings"]
    assert case.system_out.split("\n").count("status: new") == 1
    assert "status: resolved" not in case.system_out.split("\n")
