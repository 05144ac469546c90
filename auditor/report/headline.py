"""What a run came to, in the sentences that every report for people uses."""

from __future__ import annotations

from auditor.model import AuditRun, FindingStatus, Outcome, Verdict
from auditor.report.plain import count
from auditor.report.summary import asked


def headline(run: AuditRun) -> str:
    """Return what the run came to, without the outcome's own word."""
    match run.outcome:
        case Outcome.INTEGRITY:
            text = "what is stored or approved does not verify; do not rely on this comparison"
        case Outcome.DRIFT:
            text = f"{count(_failing(run), 'finding')} at or above {run.fail_on.value}"
        case Outcome.INCOMPLETE:
            text = unread(run) if run.coverage else "nothing was read"
        case Outcome.UNAPPROVED if run.baseline is None:
            text = "there is no approved baseline to compare with"
        case Outcome.UNAPPROVED:
            text = f"{count(len(run.unapproved), 'scope')} read that no baseline covers"
        case _ if run.active:
            text = f"everything was read; no open finding at or above {run.fail_on.value}"
        case _:
            text = "everything was read and nothing differs from the baseline"
    return text


def unread(run: AuditRun) -> str:
    """Return the sentence about the gaps: what was not read is not judged."""
    return f"{len(run.gaps):,} of {count(asked(run), 'scope')} not read; nothing is said about them"


def nothing_found(run: AuditRun) -> str:
    """Return why there are no findings: that can be good news, or no news."""
    if run.outcome is Outcome.INTEGRITY:
        return "None reported: the comparison is refused until the store and the baseline verify."
    if run.baseline is None:
        return "None: there is nothing to compare with until a person approves a baseline."
    if run.gaps:
        return "None in the scopes that were read."
    return "None: what was read matches the baseline."


def _failing(run: AuditRun) -> int:
    return sum(
        finding.severity.rank <= run.fail_on.rank
        and finding.status is not FindingStatus.WAIVED
        and finding.verdict is not Verdict.UNKNOWN
        for finding in run.active
    )
