"""The findings on a terminal: the new ones first, each as a block that says what to type next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from auditor.model import AuditRun, Finding, FindingStatus, Severity
from auditor.report.attribution import attributed
from auditor.report.changes import differences
from auditor.report.lines import heading, line
from auditor.report.plain import inline, rfc3339, short_id, visible

LIMIT = 50
"""Findings shown at most, and resolved ones at most; the rest is in the store."""

_FIELDS = 6
_VALUE = 120
_SECTIONS = (
    ("New since the last run", (FindingStatus.NEW, FindingStatus.REOPENED)),
    ("Still open", (FindingStatus.OPEN,)),
    ("Waived", (FindingStatus.WAIVED,)),
)
STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def show_findings(run: AuditRun, console: Console) -> None:
    """Write the active findings by status and severity, then those that are resolved."""
    left = LIMIT
    for title, statuses in _SECTIONS:
        found = [finding for finding in run.findings if finding.status in statuses]
        found.sort(key=lambda finding: finding.severity.rank)
        if found[:left]:
            heading(console, title)
            for finding in found[:left]:
                _show_finding(finding, console)
        left = max(left - len(found), 0)
    hidden = len(run.active) - LIMIT
    if hidden > 0:
        console.print()
        line(console, f"and {hidden:,} more: audit findings list")
    _show_resolved([f for f in run.findings if f.status is FindingStatus.RESOLVED], console)


def _show_finding(finding: Finding, console: Console) -> None:
    scope = finding.scope
    console.print()
    title = Text(finding.severity.value, style=STYLES[finding.severity])
    title.append(f" {finding.verdict.value}", style="bold")
    title.append(f" {finding.status.value}  {visible(finding.title)}")
    line(console, title, indent=2, hang=2)
    name = visible(short_id(finding.resource_id))
    place = f"{scope.cloud} {visible(scope.account_id)}/{visible(scope.region)}"
    line(console, f"{name}  {place}", indent=4, hang=2, style="bold")
    line(console, visible(finding.reason), indent=4, hang=2)
    _show_fields(finding, console)
    _show_context(finding, console)
    seen = rfc3339(finding.first_seen) if finding.first_seen else "this run"
    line(
        console,
        f"first seen {seen}   audit findings show {visible(finding.fingerprint[:8])}",
        indent=4,
        hang=2,
        style="dim",
    )


def _show_fields(finding: Finding, console: Console) -> None:
    told, left = differences(finding.before, finding.after, fields_at_most=_FIELDS, limit=_VALUE)
    for text in told:
        line(console, text, indent=4, hang=4)
    if left:
        line(console, f"and {left} more fields", indent=4, style="dim")


def _show_context(finding: Finding, console: Console) -> None:
    who = attributed(finding.attribution)
    if who and finding.attribution != {"confidence": "unread"}:
        line(console, who, indent=4, hang=4)
    for name, value in (("by", None if who else finding.attribution), ("waiver", finding.waiver)):
        if isinstance(value, dict):
            parts = [f"{visible(str(key))} {inline(item, _VALUE)}" for key, item in value.items()]
            line(console, f"{name}: {', '.join(parts)}", indent=4, hang=4)
        elif value is not None:
            line(console, f"{name}: {inline(value, _VALUE)}", indent=4, hang=4)


def _show_resolved(found: Sequence[Finding], console: Console) -> None:
    if not found:
        return
    heading(console, "Resolved")
    for finding in found[:LIMIT]:
        line(
            console,
            f"{finding.severity.value} {finding.verdict.value}  {visible(finding.title)}: "
            f"{visible(short_id(finding.resource_id))} ({visible(finding.fingerprint[:8])})",
            indent=2,
            hang=2,
        )
    if len(found) > LIMIT:
        line(console, f"and {len(found) - LIMIT:,} more: audit findings list", indent=2)
