"""The terminal: plain in a pipe, coloured on request, never steered by the values it shows."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from auditor.model import FindingStatus, Severity, Verdict
from auditor.report.terminal_findings import LIMIT

from .conftest import terminal
from .sample import RUNS, empty_run, finding, rich_run


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_pipe_gets_plain_lines_within_the_width(name: str, width: int) -> None:
    text, _, steps = terminal(RUNS[name](), width=width).partition("\nNext\n")
    assert (text + steps).isascii()
    for line in text.split("\n"):
        assert len(line) <= width
        assert line == line.rstrip()
    for step in RUNS[name]().next_steps:
        assert f"  {step}\n" in steps


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = terminal(rich_run(), force_terminal=True, color_system="standard")
    assert re.search(r"\x1b\[[\d;]*31m", coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = terminal(rich_run(), force_terminal=True)
    assert not re.search(r"\x1b\[[\d;]*3\dm", plain)


def test_values_steer_neither_rich_nor_the_terminal() -> None:
    text = terminal(rich_run(), width=200)
    assert "[red]not markup[/red]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "web\\x00\\x1b[31m-1\\nCLEAN: forged line" in text
    assert "\nCLEAN" not in text


def test_coverage_stands_before_the_findings_and_new_before_open() -> None:
    text = terminal(rich_run())
    order = [
        "Coverage",
        "7 of 12 scopes complete",
        "Compared with",
        "total ",
        "New since",
        "Still open",
    ]
    places = [text.index(part) for part in [*order, "Waived\n", "Resolved\n", "Next\n"]]
    assert places == sorted(places)


def test_only_changed_keys_are_shown_and_long_values_are_cut() -> None:
    text = terminal(rich_run(), width=400)
    assert "http_tokens: required -> optional" in text
    assert "endpoint" not in text
    assert "sources: added 0.0.0.0/0" in text
    assert "... (cut, 10,240 characters)" in text


@pytest.mark.parametrize("extra", [0, 1, 7])
def test_findings_are_capped_with_the_way_to_the_rest(extra: int) -> None:
    statuses = (FindingStatus.OPEN, FindingStatus.NEW)
    many = tuple(
        finding(Verdict.CHANGED, Severity.LOW, f"number {n}", status=statuses[n % 2])
        for n in range(LIMIT + extra)
    )
    text = terminal(replace(rich_run(), findings=many))
    assert text.count("audit findings show") == LIMIT + 1  # one of them is a next step
    assert (f"and {extra} more: audit findings list" in text) == bool(extra)


def test_empty_run_says_what_to_do() -> None:
    text = terminal(empty_run())
    assert "Nothing was read" in text
    assert "audit doctor" in text


def test_overdue_review_is_said() -> None:
    run = rich_run()
    assert run.baseline is not None
    late = replace(run.baseline, review_due=run.baseline.approved_at)
    assert "review was due on 2026-02-25T04:12:09Z" in terminal(replace(run, baseline=late))
    assert "review was due" not in terminal(run)
