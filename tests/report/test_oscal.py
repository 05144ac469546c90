"""OSCAL assessment results: the models of the standard, stable ids, and what is claimed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from oscal_bindings import AssessmentResultsDocument

from auditor.model import AuditRun, FindingStatus
from auditor.report.oscal import render
from auditor.report.plain import visible

from .sample import HOSTILE, RUNS, rich_run

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def results(run: AuditRun) -> dict[str, Any]:
    """Read a document that keeps the models of OSCAL."""
    document = json.loads(render(run))
    # NOTE: dictionaries, since of JSON text the models drop unknown keys without a word.
    AssessmentResultsDocument.model_validate(document)
    return document["assessment-results"]


def result(run: AuditRun) -> dict[str, Any]:
    (one,) = results(run)["results"]
    return one


def named(part: dict[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in part["props"]}


def everything(value: Any) -> list[dict[str, Any]]:
    """All objects of a document."""
    if isinstance(value, dict):
        return [value, *everything(list(value.values()))]
    return [part for item in value for part in everything(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", RUNS)
def test_document_keeps_the_models_of_the_standard(name: str) -> None:
    document = results(RUNS[name]())
    objects = everything(document)
    assert all(list(part.values()).count([]) == 0 for part in objects)
    assert all(part["ns"].startswith("urn:") for part in objects if "value" in part)


@pytest.mark.parametrize("name", RUNS)
def test_ids_are_unique_and_every_reference_leads_somewhere(name: str) -> None:
    document = results(RUNS[name]())
    ids = [part["uuid"] for part in everything(document) if "uuid" in part]
    assert len(ids) == len(set(ids)) and all(UUID.fullmatch(id) for id in ids)
    assert document["import-ap"]["href"].removeprefix("#") in ids
    for part in everything(document):
        for key in part.keys() - {"uuid"}:
            assert not key.endswith("-uuid") or part[key] in ids


def test_ids_of_findings_outlive_the_run_and_that_of_the_document_does_not() -> None:
    run = rich_run()
    later = replace(run, snapshot=replace(run.snapshot, id=13, seal="another"))
    first, second = results(run), results(later)
    assert first["uuid"] != second["uuid"]
    for part in ("risks", "findings"):
        assert [p["uuid"] for p in first["results"][0][part]] == [
            p["uuid"] for p in second["results"][0][part]
        ]


def test_what_was_not_read_comes_before_the_findings() -> None:
    run = rich_run()
    found = result(run)
    kinds = [observation["types"][0] for observation in found["observations"]]
    assert list(dict.fromkeys(kinds)) == [
        "problem",
        "not-read",
        "not-approved",
        "left-out",
        "query-skipped",
        "finding",
    ]
    denied = found["observations"][kinds.index("not-read")]
    assert named(denied)["coverage"] in {"denied", "truncated", "throttled", "disabled"}
    assert denied["methods"] == ["UNKNOWN"]
    assert named(found)["coverage-gaps"] == str(len(run.gaps))


def test_a_run_that_proves_nothing_does_not_look_clean() -> None:
    empty = result(RUNS["empty"]())
    assert "nothing was read" in empty["description"] and named(empty)["outcome"] == "incomplete"
    problem = result(RUNS["integrity"]())["observations"][0]
    assert problem["types"] == ["problem"]


def test_a_finding_speaks_to_the_statement_of_each_control_of_nist() -> None:
    run = rich_run()
    loosened = next(f for f in run.findings if f.query_id == "aws_policy_loosened")
    controls = ("nist-800-53-r5:AC-2(12)", "cis-aws-3.0:5.2", "nist-800-53-r5:SC-7", "nist:<b>")
    found = result(replace(run, findings=(replace(loosened, controls=controls),)))
    targets = [finding["target"] for finding in found["findings"]]
    assert [target["target-id"] for target in targets] == ["ac-2.12_smt", "sc-7_smt"]
    assert all(target["status"]["state"] == "not-satisfied" for target in targets)
    observed = named(found["observations"][-1])
    assert observed["fingerprint"] == loosened.fingerprint
    assert observed["attributed-to"].startswith("by mallory from 203.0.113.7")


@pytest.mark.parametrize(
    ("status", "risk", "reasons"),
    [
        (FindingStatus.NEW, "open", ["fail"]),
        (FindingStatus.REOPENED, "open", ["fail"]),
        (FindingStatus.WAIVED, "deviation-approved", ["other"]),
        (FindingStatus.RESOLVED, "closed", []),
    ],
)
def test_a_risk_is_open_accepted_or_closed(
    status: FindingStatus, risk: str, reasons: list[str]
) -> None:
    run = rich_run()
    found = result(replace(run, findings=(replace(run.findings[2], status=status),)))
    assert [one["status"] for one in found["risks"]] == [risk]
    said = [one["target"]["status"]["reason"] for one in found.get("findings", [])]
    assert said == reasons


def test_hashes_of_both_sides_are_there() -> None:
    run = rich_run()
    document = results(run)
    assert run.baseline is not None
    props = named(document["results"][0])
    assert props["snapshot-digest"] == run.snapshot.digest
    assert props["baseline-digest"] == run.baseline.digest
    kept = {part["title"]: named(part) for part in document["back-matter"]["resources"]}
    assert kept["Snapshot 12"]["seal"] == run.snapshot.seal
    assert kept["Baseline production, version 3"]["approved-by"] == run.baseline.approved_by


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", "", " ", "\u00a0", "x" * 262_144])
def test_hostile_values_are_inert_text_and_bounded(text: str) -> None:
    run = rich_run()
    odd = replace(
        run.findings[0],
        title=text,
        reason=text,
        resource_id=text,
        after=text,
        remediation=text,
        detail_key=text,
        controls=(text, "nist-800-53-r5:SC-7"),
        attack=(text, "T1578.002"),
    )
    hostile = replace(
        run,
        findings=(odd,),
        problems=(text,),
        coverage=tuple(replace(c, detail=text) for c in run.coverage),
    )
    content = render(hostile).decode()
    result(hostile)
    assert all(line == visible(line) for line in content.split("\n"))
    assert len(content) < 250_000
