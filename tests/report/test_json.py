"""The canonical document: its schema, its order, and what it does with values JSON cannot hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import auditor.report
from auditor.report.json import as_document, render

from .sample import RUNS, first_run, rich_run

SCHEMA = json.loads((Path(auditor.report.__file__).parent / "findings.schema.json").read_text())


@pytest.mark.parametrize("name", RUNS)
def test_document_keeps_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(render(RUNS[name]())))


def test_schema_is_valid_closed_and_described() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for path, node in _properties(SCHEMA):
        assert node.get("description"), path
        if node.get("type") == "object":
            assert node["additionalProperties"] is not True, path


def test_schema_has_the_keys_in_the_order_of_the_document() -> None:
    document = as_document(rich_run())
    assert list(SCHEMA["properties"]) == list(document)
    for name, part in {
        "run": document["run"],
        "baseline": document["baseline"],
        "coverage": document["coverage"][0],
        "finding": document["findings"][0],
        "summary": document["summary"],
    }.items():
        assert list(SCHEMA["$defs"][name]["properties"]) == list(part), name


def test_counts_leave_out_what_is_resolved() -> None:
    document = as_document(rich_run())
    summary = document["summary"]
    assert summary["total"] == sum(f["status"] != "resolved" for f in document["findings"])
    assert summary["by_status"]["resolved"] == 1
    for counts in ("by_verdict", "by_severity", "by_cloud"):
        assert sum(summary[counts].values()) == summary["total"]
    assert sum(summary["by_status"].values()) == len(document["findings"])


def test_times_are_utc_to_the_second() -> None:
    run = rich_run()
    naive = replace(run.snapshot, sealed_at=datetime(2026, 3, 17, 4, 12, 9))  # noqa: DTZ001
    for case in (run, replace(run, snapshot=naive)):
        assert as_document(case)["run"]["sealed_at"] == "2026-03-17T04:12:09Z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**70, str(2**70)),
        ("a\ud800b", "a\\ud800b"),
        ({"\udfff": 1}, {"\\udfff": 1}),
        (2**64 - 1, 2**64 - 1),
    ],
)
def test_value_that_json_cannot_hold_does_not_suppress_the_report(
    value: Any, expected: Any
) -> None:
    run = rich_run()
    odd = replace(run.findings[0], after=value)
    document = json.loads(render(replace(run, findings=(odd,))))
    assert document["findings"][0]["after"] == expected


def test_run_without_baseline_says_null_and_counts_what_is_proposed() -> None:
    document = as_document(first_run())
    assert document["baseline"] is None
    assert document["summary"]["coverage"]["unapproved"] == 6
    assert (document["outcome"], document["exit_code"]) == ("unapproved", 4)


def _properties(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "properties":
                found += [(f"{path}/{name}", part) for name, part in value.items()]
            found += _properties(value, f"{path}/{key}")
    return found
