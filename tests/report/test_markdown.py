"""The summary for chats and pull requests: short, complete in its counts, and inert."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from auditor.model import AuditRun
from auditor.report.markdown import FINDINGS, render

from .sample import HOSTILE, RUNS, digest, rich_run

OURS = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
COMMENT = 65_536
"""Characters that a comment on GitHub may have."""


def parsed(run: AuditRun) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(render(run).decode())


def inline(run: AuditRun) -> list[Token]:
    return [token for block in parsed(run) for token in block.children or ()]


def hostile(text: str) -> AuditRun:
    run = rich_run()
    odd = [replace(f, title=text, reason=text, resource_id=text) for f in run.findings]
    return replace(
        run,
        findings=tuple(odd),
        problems=(text,),
        next_steps=(text,),
        coverage=tuple(replace(c, detail=text, table=text) for c in run.coverage),
        skipped_queries=tuple(replace(q, reason=text) for q in run.skipped_queries),
        baseline=run.baseline and replace(run.baseline, name=text, signed_by=(text,)),
    )


def shape(run: AuditRun) -> list[str]:
    return [token.type for token in parsed(run)]


@pytest.mark.parametrize("name", RUNS)
def test_the_first_line_is_what_the_run_came_to(name: str) -> None:
    run = RUNS[name]()
    assert render(run).decode().startswith(f"**{run.outcome.upper()}: ")
    assert {token.type for token in inline(run)} <= OURS


def test_what_was_not_read_comes_before_the_findings() -> None:
    text = render(rich_run()).decode()
    assert text.index("5 gaps: nothing is said") < text.index("**Findings**")
    assert "| aws/444455556666/eu-west-1 | denied |" in text
    assert "`UnauthorizedOperation: ec2:DescribeInstances is not allowed" in text


def test_a_run_that_proves_nothing_does_not_look_clean() -> None:
    assert "Nothing was read" in render(RUNS["empty"]()).decode()
    assert "None reported: the comparison is refused" in render(RUNS["integrity"]()).decode()
    assert "until a person approves" in render(RUNS["first"]()).decode()


def test_the_worst_findings_are_in_the_table_and_what_is_cut_is_said() -> None:
    run = rich_run()
    low = [f for f in run.findings if f.severity == "low"]
    many = [replace(low[0], fingerprint=digest(str(n))[:32]) for n in range(FINDINGS + 5)]
    text = render(replace(run, findings=(*many, run.findings[0]))).decode()
    rows = [line for line in text.splitlines() if re.match(r"\| (low|critical) \|", line)]
    assert len(rows) == FINDINGS and rows[0].startswith("| critical | LOOSENED | new |")
    assert "And 6 more findings: findings.json has all of them." in text
    assert "1 critical, 25 low" in text


def test_commands_are_code() -> None:
    assert "- `audit findings show " in render(rich_run()).decode()


def test_resolved_findings_are_counted_and_not_listed() -> None:
    text = render(rich_run()).decode()
    assert "1 resolved" in text and "| resolved |" not in text


@given(
    st.sampled_from([*HOSTILE, "@all", "https://example.org", "[a](b)", "![a](b)", "a|b", "#1"])
    | st.text("<>[]()`*_~|#@!:/.w\\&; a1\n-+=", max_size=12)
)
@settings(deadline=None, max_examples=60)
def test_hostile_values_are_inert(text: str) -> None:
    run = hostile(text)
    assert {token.type for token in inline(run)} <= OURS
    assert shape(run) == shape(hostile("tame"))
    bold = [token for token in inline(run) if token.type == "strong_open"]
    assert len(bold) == 5


@pytest.mark.parametrize("text", ["@all", "#1", "https://example.org", "www.example.org", "GH-12"])
def test_links_and_mentions_stand_in_code_only(text: str) -> None:
    run = hostile(f"see {text}")
    shown = [token.content for token in inline(run) if token.type == "text"]
    assert not any(text in content for content in shown)


def test_the_summary_fits_a_comment() -> None:
    run = hostile("`|@" * 90_000)
    many = tuple(
        replace(f, fingerprint=digest(f"{n}{f.fingerprint}")[:32])
        for n in range(50)
        for f in run.findings
    )
    text = render(replace(run, findings=many, problems=run.problems * 99)).decode()
    assert len(text) < COMMENT
    assert "- and 94 more" in text
