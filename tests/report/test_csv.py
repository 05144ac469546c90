"""The working paper: every row whole, every cell text, and what was not read said first."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import AuditRun
from auditor.report.csv import COLUMNS, LONGEST, defused, render
from auditor.report.plain import visible

from .sample import HOSTILE, RUNS, rich_run


def read(run: AuditRun) -> list[dict[str, str]]:
    """Read the rows as any program would."""
    return list(csv.DictReader(io.StringIO(render(run).decode(), newline="")))


@pytest.mark.parametrize("name", RUNS)
def test_every_row_has_every_column_and_says_what_it_is(name: str) -> None:
    found = read(RUNS[name]())
    assert found[0]["record"] == "run" and found[0]["status"] == RUNS[name]().outcome.value
    for row in found:
        assert list(row) == list(COLUMNS)
        assert row["record"] in {"run", "problem", "gap", "unapproved", "skipped", "finding"}


def test_what_stands_in_the_way_comes_before_the_findings() -> None:
    records = [row["record"] for row in read(rich_run())]
    order = list(dict.fromkeys(records))
    assert order == ["run", "problem", "gap", "unapproved", "skipped", "finding"]


def test_a_run_that_proves_nothing_does_not_look_clean() -> None:
    (row,) = read(RUNS["empty"]())
    assert (row["status"], row["reason"]) == ("incomplete", "nothing was read")
    assert [row["record"] for row in read(RUNS["integrity"]())] == ["run", "problem"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_formulas_are_defused(text: str, cell: str) -> None:
    assert defused(text) == cell


@given(st.text(max_size=20) | st.sampled_from(HOSTILE))
@settings(deadline=None)
def test_no_cell_begins_a_formula_or_hides_a_character(text: str) -> None:
    run = rich_run()
    hostile = tuple(
        replace(f, title=text, reason=text, resource_id=text, detail_key=text, after=text)
        for f in run.findings
    )
    for row in read(replace(run, findings=hostile)):
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
            assert cell == visible(cell)


def test_long_values_are_cut_so_that_a_spreadsheet_takes_the_row() -> None:
    run = rich_run()
    long = replace(run.findings[0], after="x" * 262_144, title="y" * 262_144)
    row = next(r for r in read(replace(run, findings=(long,))) if r["record"] == "finding")
    assert all(len(cell) < 32_767 for cell in row.values())
    assert row["after"] == "x" * LONGEST + "... (cut, 262,144 characters)"


def test_both_sides_and_what_differs_are_there() -> None:
    row = next(r for r in read(rich_run()) if r["query_id"] == "aws_policy_loosened")
    assert row["changes"] == "sources: added 0.0.0.0/0"
    assert row["after"].startswith('{"name": "bastion"')
    assert row["attributed_to"].startswith("by mallory from 203.0.113.7")
    assert row["controls"] == "nist-800-53-r5:SC-7 cis-aws-3.0:5.2"


def test_columns_are_documented() -> None:
    assert all(COLUMNS.values())
