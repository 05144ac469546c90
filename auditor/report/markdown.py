"""Markdown: a summary for chats and pull requests, short enough for a comment.

What the run came to, what was not read, the counts of all findings, and the worst of those that
hold. What is left out is counted, with the place where it is. Values are prose or code spans, so
that no name of a resource is a link, a mention or a table of its own. Headings are bold lines,
since chats have no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.model import AuditRun, Finding
from auditor.report.headline import headline, nothing_found
from auditor.report.plain import code, count, markdown, rfc3339, short_id
from auditor.report.summary import Group, asked, groups, summarise

EXTENSION = "md"
MEDIA_TYPE = "text/markdown; charset=utf-8"

FINDINGS = 20
"""Findings in the table."""

_GROUPS = 10
_TABLES = 6
_LINES = 5
_TEXT, _NAME = 300, 120


def render(run: AuditRun) -> bytes:
    """Render the blocks, an empty line between them."""
    blocks = [*_head(run), *_coverage(run), *_findings(run), *_steps(run)]
    return ("\n\n".join(blocks) + "\n").encode()


def _head(run: AuditRun) -> Iterator[str]:
    yield f"**{run.outcome.upper()}: {headline(run)}**"
    baseline = "no approved baseline"
    if run.baseline is not None:
        version = f"version {run.baseline.version}, {run.baseline.signed_text}"
        baseline = markdown(f"{run.baseline.name} {version}", _NAME)
    yield (
        f"Snapshot {run.snapshot.id}, sealed {rfc3339(run.snapshot.sealed_at)}, compared with: "
        f"{baseline}. Exit code {run.exit_code}."
    )
    if run.problems:
        yield _listed((markdown(problem, _TEXT) for problem in run.problems), len(run.problems))


def _coverage(run: AuditRun) -> Iterator[str]:
    yield "**Coverage**"
    covered = summarise(run)["coverage"]
    if not run.coverage:
        yield "Nothing was read: no scope is configured or reachable."
        return
    text = f"{covered['complete']} of {count(asked(run), 'scope')} complete"
    yield text + (
        f"; {covered['skipped']} skipped by configuration." if covered["skipped"] else "."
    )
    if run.gaps:
        yield f"{count(len(run.gaps), 'gap')}: nothing is said about what was not read there."
        yield from _grouped(groups(run.gaps))
    if run.unapproved:
        scopes = count(len(run.unapproved), "scope")
        yield f"{scopes} read, but in no approved baseline, so not compared."
        yield from _grouped(groups(run.unapproved))


def _grouped(found: Sequence[Group]) -> Iterator[str]:
    rows = (
        (
            markdown(str(group.scope), _NAME),
            group.status.value,
            _tables(group),
            markdown(group.detail, _TEXT) if group.detail else "",
        )
        for group in found[:_GROUPS]
    )
    yield _grid(("scope", "status", "tables", "reason"), rows)
    yield from _rest(len(found) - _GROUPS, "row")


def _tables(group: Group) -> str:
    named = [markdown(table, _NAME) for table in group.tables[:_TABLES]]
    left = len(group.tables) - _TABLES
    return ", ".join(named) + (f" and {left} more" if left > 0 else "")


def _findings(run: AuditRun) -> Iterator[str]:
    yield "**Findings**"
    if not run.findings:
        yield nothing_found(run)
        return
    summary = summarise(run)
    yield f"{count(len(run.active), 'finding')} hold now; the statuses include resolved ones."
    names = ("severity", "verdict", "status", "cloud")
    yield _grid(("", "count"), ((name, _counts(summary[f"by_{name}"])) for name in names))
    worst = sorted(run.active, key=lambda finding: finding.severity.rank)
    if worst:
        columns = ("severity", "verdict", "status", "finding", "resource", "scope", "reason")
        yield _grid(columns, map(_row, worst[:FINDINGS]))
    yield from _rest(len(worst) - FINDINGS, "finding")


def _row(finding: Finding) -> tuple[str, ...]:
    return (
        finding.severity.value,
        finding.verdict.value,
        finding.status.value,
        markdown(finding.title or finding.query_id, _NAME),
        markdown(short_id(finding.resource_id), _NAME),
        markdown(str(finding.scope), _NAME),
        markdown(finding.reason, _TEXT),
    )


def _counts(counted: dict[str, int]) -> str:
    told = [f"{number} {markdown(name, _NAME)}" for name, number in counted.items() if number]
    return ", ".join(told) or "0"


def _steps(run: AuditRun) -> Iterator[str]:
    if run.skipped_queries:
        yield "**Queries that say nothing**"
        told = (markdown(f"{q.query_id}: {q.reason}", _TEXT) for q in run.skipped_queries)
        yield _listed(told, len(run.skipped_queries))
    if run.next_steps:
        yield "**Next**"
        yield _listed((code(step, _TEXT) for step in run.next_steps), len(run.next_steps))


def _listed(lines: Iterable[str], number: int) -> str:
    kept = [f"- {line}" for line, _ in zip(lines, range(_LINES), strict=False)]
    return "\n".join(kept + ([f"- and {number - _LINES} more"] if number > _LINES else []))


def _rest(left: int, noun: str) -> Iterator[str]:
    if left > 0:
        yield f"And {count(left, f'more {noun}')}: findings.json has all of them."


def _grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
