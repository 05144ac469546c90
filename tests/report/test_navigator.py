"""The layer for the ATT&CK Navigator says what the report says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auditor.frameworks import load_attack
from auditor.model import FindingStatus
from auditor.report.navigator import render

from .sample import RUNS, clean_run, rich_run


@pytest.mark.parametrize("name", RUNS)
def test_a_layer_has_what_its_format_requires(name: str) -> None:
    layer = json.loads(render(RUNS[name]()))
    assert layer["domain"] == "enterprise-attack"
    assert layer["versions"]["layer"] == "4.5" and layer["versions"]["navigator"] >= "4.9.0"
    ids = [technique["techniqueID"] for technique in layer["techniques"]]
    assert len(set(ids)) == len(ids) and set(load_attack().techniques) <= set(ids)
    for technique in layer["techniques"]:
        assert 0 <= technique["score"] <= 100
        assert all(set(entry) == {"name", "value"} for entry in technique["metadata"])


def test_a_technique_counts_the_findings_that_hold() -> None:
    run = rich_run()
    layer = json.loads(render(run))
    for technique in layer["techniques"]:
        id = technique["techniqueID"]
        expected = sum(id in finding.attack for finding in run.active)
        assert technique["metadata"][0] == {"name": "open findings", "value": str(expected)}
        assert bool(technique["score"]) == bool(expected)


def test_what_has_ended_is_not_scored() -> None:
    run = rich_run()
    ended = tuple(replace(f, status=FindingStatus.RESOLVED) for f in run.findings)
    layer = json.loads(render(replace(run, findings=ended)))
    assert {technique["score"] for technique in layer["techniques"]} == {0}


def test_what_was_not_read_is_said() -> None:
    assert "could not be read" in json.loads(render(rich_run()))["description"]
    assert "could not be read" not in json.loads(render(clean_run()))["description"]


def test_hostile_names_are_inert_in_comments() -> None:
    run = rich_run()
    hostile = tuple(
        replace(f, resource_id="i-\u202e\x1b[31m", attack=("T1190",)) for f in run.findings
    )
    text = render(replace(run, findings=hostile)).decode()
    assert "\u202e" not in text and "\\u001b" not in text
