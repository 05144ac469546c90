"""OCSF events: the schema of the class, ids and times as consumers expect them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditor.model import AuditRun, FindingStatus, Verdict
from auditor.report.ocsf import VERSION, render
from auditor.report.plain import visible

from .sample import HOSTILE, NOW, RUNS, rich_run


@lru_cache
def validator() -> jsonschema.Draft202012Validator:
    """The class with its profile; unknown keys are refused, but in what is not mapped."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(VERSION))
    of_class = schema.get_class_schema("compliance_finding", profiles=["cloud"])
    assert of_class["additionalProperties"] is False
    of_class["properties"]["unmapped"] = {"type": "object"}
    return jsonschema.Draft202012Validator(of_class)


def events(run: AuditRun) -> list[dict[str, Any]]:
    found = json.loads(render(run))
    for event in found:
        validator().validate(event)
    return found


def of(kind: str, run: AuditRun) -> list[dict[str, Any]]:
    return [event for event in events(run) if event["finding_info"]["types"] == [kind]]


@pytest.mark.parametrize("name", RUNS)
def test_every_event_keeps_the_schema_of_the_class(name: str) -> None:
    for event in events(RUNS[name]()):
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["time"] == int(NOW.timestamp() * 1000)
        assert event["metadata"]["version"] == VERSION


def test_the_schema_is_strict() -> None:
    (event, *_) = events(rich_run())
    for wrong in ({"sevirity": 1}, {"time": "2026-01-01"}, {"severity_id": 7}):
        with pytest.raises(jsonschema.ValidationError):
            validator().validate(event | wrong)


@pytest.mark.parametrize("name", RUNS)
def test_each_event_is_a_line_with_an_id_of_its_own(name: str) -> None:
    run = RUNS[name]()
    first, *lines, last = render(run).decode().splitlines()
    assert (first, last) == ("[", "]")
    found = [json.loads(line.removesuffix(",")) for line in lines]
    assert found == events(run)
    ids = [event["finding_info"]["uid"] for event in found]
    assert len(set(ids)) == len(ids)


def test_what_was_not_read_is_unknown_and_comes_first() -> None:
    run = rich_run()
    kinds = [event["finding_info"]["types"][0] for event in events(run)]
    assert list(dict.fromkeys(kinds)) == [
        "run",
        "problem",
        "not-read",
        "not-approved",
        "left-out",
        "query-skipped",
        "drift",
    ]
    gaps = of("not-read", run)
    assert len(gaps) == len(run.gaps)
    assert {event["compliance"]["status_id"] for event in gaps} == {0}
    assert gaps[0]["cloud"]["account"]["type_id"] == 10


@pytest.mark.parametrize(
    ("name", "status"),
    [("rich", 3), ("clean", 1), ("first", 2), ("integrity", 3), ("empty", 0)],
)
def test_the_first_event_says_what_the_run_came_to(name: str, status: int) -> None:
    event = events(RUNS[name]())[0]
    assert event["finding_info"]["types"] == ["run"]
    assert event["compliance"]["status_id"] == status


@pytest.mark.parametrize(
    ("verdict", "status", "expected"),
    [
        (Verdict.LOOSENED, FindingStatus.NEW, (1, 1, 3)),
        (Verdict.LOOSENED, FindingStatus.OPEN, (2, 1, 3)),
        (Verdict.LOOSENED, FindingStatus.REOPENED, (2, 1, 3)),
        (Verdict.LOOSENED, FindingStatus.WAIVED, (2, 3, 3)),
        (Verdict.LOOSENED, FindingStatus.RESOLVED, (3, 4, 1)),
        (Verdict.UNKNOWN, FindingStatus.OPEN, (2, 1, 0)),
    ],
)
def test_activity_status_and_compliance_follow_the_finding(
    verdict: Verdict, status: FindingStatus, expected: tuple[int, int, int]
) -> None:
    run = rich_run()
    one = replace(run.findings[0], verdict=verdict, status=status)
    (event,) = of("drift", replace(run, findings=(one,)))
    got = (event["activity_id"], event["status_id"], event["compliance"]["status_id"])
    assert got == expected


def test_a_finding_has_both_values_its_controls_and_its_resource() -> None:
    run = rich_run()
    (event,) = of("drift", replace(run, findings=run.findings[:1]))
    finding = run.findings[0]
    assert event["severity_id"] == 5 and event["finding_info"]["uid"] == finding.fingerprint
    assert '"sources"' in event["evidences"][0]["data"]["after"]
    assert event["compliance"]["requirements"] == ["nist-800-53-r5:SC-7", "cis-aws-3.0:5.2"]
    assert event["compliance"]["standards"][0] == "NIST SP 800-53 Revision 5"
    assert event["resources"][0]["uid"] == finding.resource_id
    assert event["unmapped"]["attributed_to"].startswith("by mallory")


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", "", "x" * 262_144])
def test_hostile_values_are_visible_text_and_bounded(text: str) -> None:
    run = rich_run()
    odd = replace(
        run.findings[0], title=text, reason=text, resource_id=text, after=text, controls=(text,)
    )
    hostile = replace(run, findings=(odd,), problems=(text,))
    events(hostile)
    content = render(hostile).decode()
    assert all(line == visible(line) for line in content.split("\n"))
    assert len(content) < 120_000
