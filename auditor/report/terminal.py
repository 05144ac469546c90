"""The report on a terminal: coverage first, then what it was compared with, then the findings.

Readable at 80 columns, in a pipe and in a ticket: plain lines, no boxes, no trailing blanks, and
colour only where the console has it. Not a file format, so it is not among `formats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.text import Text

from auditor.model import AuditRun, Coverage, Outcome
from auditor.report.headline import headline, nothing_found
from auditor.report.lines import heading, line
from auditor.report.plain import count, rfc3339, visible
from auditor.report.summary import asked, groups, proposed, summarise
from auditor.report.terminal_findings import show_findings

_GROUPS = 20
_TABLES = 6
_STYLES = {
    Outcome.CLEAN: "bold green",
    Outcome.DRIFT: "bold red",
    Outcome.INCOMPLETE: "bold yellow",
    Outcome.UNAPPROVED: "bold yellow",
    Outcome.INTEGRITY: "bold red",
}


def show(run: AuditRun, console: Console) -> None:
    """Write the whole report to the console."""
    _show_headline(run, console)
    _show_coverage(run, console)
    _show_baseline(run, console)
    _show_counts(run, console)
    show_findings(run, console)
    _show_skipped_queries(run, console)
    _show_next_steps(run, console)


def show_coverage(run: AuditRun, console: Console) -> None:
    """Write only what was read: the report of a collection that compares nothing."""
    _show_headline(run, console)
    _show_coverage(run, console)
    _show_next_steps(run, console)


def _show_headline(run: AuditRun, console: Console) -> None:
    text = Text(run.outcome.value.upper(), style=_STYLES[run.outcome])
    text.append(f": {headline(run)}", style="bold")
    line(console, text)
    snapshot = run.snapshot
    line(
        console,
        f"run {visible(snapshot.run_id)}, snapshot {snapshot.id}, {rfc3339(snapshot.sealed_at)}, "
        f"exit code {run.exit_code}",
        style="dim",
    )
    for problem in run.problems:
        line(console, f"! {visible(problem)}", hang=2, style="red")


def _show_coverage(run: AuditRun, console: Console) -> None:
    heading(console, "Coverage")
    if not run.coverage:
        line(console, "Nothing was read: no scope is configured or reachable.", indent=2)
        line(console, "Check credentials and configuration with: audit doctor", indent=2)
        return
    counts = summarise(run)["coverage"]
    text = f"{counts['complete']} of {count(asked(run), 'scope')} complete"
    if counts["skipped"]:
        text += f"; {counts['skipped']} skipped by configuration"
    line(console, text, indent=2, style="yellow" if run.gaps else "green")
    if run.gaps:
        line(
            console,
            f"{count(len(run.gaps), 'gap')}: nothing is said about what was not read there",
            indent=2,
        )
        _show_groups(run.gaps, console)
    if run.unapproved and run.baseline is not None:
        line(
            console,
            f"{count(len(run.unapproved), 'scope')} read, but in no baseline, so not compared:",
            indent=2,
        )
        _show_groups(run.unapproved, console)


def _show_groups(coverage: Iterable[Coverage], console: Console) -> None:
    found = groups(coverage)
    for group in found[:_GROUPS]:
        scope = group.scope
        where = f"{scope.cloud} {visible(scope.account_id)} {visible(scope.region)}"
        line(console, f"{where}  {group.status.value}", indent=4, hang=2, style="bold")
        tables = [visible(table) for table in group.tables]
        more = f" and {len(tables) - _TABLES} more" if len(tables) > _TABLES else ""
        line(console, ", ".join(tables[:_TABLES]) + more, indent=6)
        if group.detail:
            line(console, visible(group.detail), indent=6, style="dim")
    if len(found) > _GROUPS:
        line(console, f"and {len(found) - _GROUPS:,} more: see coverage in findings.json", indent=4)


def _show_baseline(run: AuditRun, console: Console) -> None:
    heading(console, "Compared with")
    baseline = run.baseline
    if baseline is None:
        held = count(proposed(run), "resource")
        verb = "is" if proposed(run) == 1 else "are"
        line(
            console,
            f"No baseline yet: {held} {verb} proposed, nobody has approved them",
            indent=2,
            style="yellow",
        )
        return
    line(
        console,
        f"baseline {visible(baseline.name)} version {baseline.version}, approved by "
        f"{visible(baseline.approved_by)} on {rfc3339(baseline.approved_at)}, "
        f"{visible(baseline.signed_text)}",
        indent=2,
        hang=2,
    )
    ticket = f" ({visible(baseline.ticket)})" if baseline.ticket else ""
    line(console, f"reason: {visible(baseline.reason)}{ticket}", indent=2, hang=2, style="dim")
    due = baseline.review_due
    if due is not None and rfc3339(due) < rfc3339(run.snapshot.sealed_at):
        line(console, f"its review was due on {rfc3339(due)}", indent=2, style="yellow")


def _show_counts(run: AuditRun, console: Console) -> None:
    heading(console, "Findings")
    summary = summarise(run)
    if not run.findings:
        line(console, nothing_found(run), indent=2)
        return
    line(console, f"total     {summary['total']} active", indent=2, style="bold")
    for name, key in (
        ("severity", "by_severity"),
        ("verdict", "by_verdict"),
        ("status", "by_status"),
        ("cloud", "by_cloud"),
    ):
        line(console, f"{name:<10}{_listed(summary[key])}", indent=2, hang=10)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {key}" for key, number in counts.items() if number) or "none"


def _show_skipped_queries(run: AuditRun, console: Console) -> None:
    if not run.skipped_queries:
        return
    heading(console, "Queries that said nothing")
    for skipped in run.skipped_queries:
        text = f"{visible(skipped.query_id)}: {visible(skipped.reason)}"
        line(console, text, indent=2, hang=2)


def _show_next_steps(run: AuditRun, console: Console) -> None:
    if not run.next_steps:
        return
    heading(console, "Next")
    for step in run.next_steps:
        # NOTE: a command that is wrapped cannot be copied, so these lines may be long.
        line(console, visible(step), indent=2, wrap="never")
