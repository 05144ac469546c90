"""The life of findings: new once, then open, until a reading shows that they no longer hold.

It follows from what was known before and what a run found, so that it can be worked out again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.model import Finding, FindingStatus, JsonValue, Scope, Verdict

Events = list[tuple[str, Finding]]
"""What happened to findings in a snapshot, each with the finding as it was from then on."""

Waived = Callable[[Finding], JsonValue]
"""Returns the waiver that applies to a finding now, or None."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a run looked at, so that silence about the rest says nothing."""

    queries: Mapping[str, Collection[str]]
    """Ids of the queries that ran, each with the tables that it reads."""
    known_queries: Collection[str]
    """Ids of all queries that exist, run or not."""
    unread: Collection[tuple[str, Scope]]
    """Each (table, scope) that the run or the baseline is about and that was not read whole."""

    def covers(self, finding: Finding) -> bool:
        """Whether this run would have found the finding again if it still held."""
        if finding.query_id not in self.known_queries:
            return True
        if finding.query_id not in self.queries:
            return False
        is_scope = finding.resource_type == "scope"
        if is_scope and finding.verdict is Verdict.UNKNOWN:
            return True  # NOTE: it says itself what was not read.
        needed = set(self.queries[finding.query_id]) | {finding.resource_type}
        cloud, account = finding.scope.cloud, finding.scope.account_id
        places = (
            finding.scope,
            finding.scope.whole_account,
            Scope(cloud, account, "*"),
            Scope(cloud, "*", "*"),
        )
        return not any((table, place) in self.unread for table in needed for place in places)


def happened(
    before: Mapping[str, Finding],
    now: Iterable[Finding],
    evaluated: Evaluated,
    waived: Waived,
    *,
    taken_back: Mapping[str, Finding],
) -> Events:
    """Return what happened to each finding in a snapshot; nothing where it just stays open.

    `before` has all that ever were, by fingerprint, `now` what holds with `with_attribution`, and
    `taken_back` what began in this very snapshot when it was compared before.
    """
    held = {f.fingerprint: f for f in now}
    events = [
        (event, finding)
        for fingerprint, finding in held.items()
        if (event := _became(before.get(fingerprint), finding))
    ]
    return events + [
        change
        for fingerprint, old in {**before, **taken_back}.items()
        if fingerprint not in held and old.status is not FindingStatus.RESOLVED
        for change in _not_found(old, evaluated, waived)
    ]


def with_waivers(found: Iterable[Finding], waived: Waived) -> list[Finding]:
    """Return the findings with their waivers, and the status that follows from these."""
    return [
        replace(f, waiver=waiver, status=FindingStatus.WAIVED) if (waiver := waived(f)) else f
        for f in found
    ]


def with_attribution(found: Iterable[Finding], before: Mapping[str, Finding]) -> list[Finding]:
    """Return the findings with what was known of who did it, where the log was not read again."""
    return [_attributed(f, before.get(f.fingerprint)) for f in found]


def _became(old: Finding | None, finding: Finding) -> str | None:
    """Return what happened to a finding since the snapshot before, or None where nothing did."""
    if old is None:
        return "new"
    if old.status is FindingStatus.RESOLVED or (old.waiver and not finding.waiver):
        return "reopened"
    if old.waiver != finding.waiver:
        return "waived"
    if old.content_hash != finding.content_hash or old.severity != finding.severity:
        return "changed"
    return "attributed" if old.attribution != finding.attribution else None


def _not_found(old: Finding, evaluated: Evaluated, waived: Waived) -> Iterator[tuple[str, Finding]]:
    """Yield what happened to a finding that held and was not found again."""
    if evaluated.covers(old):
        yield "resolved", replace(old, waiver=None)
    elif old.waiver != (waiver := waived(old)):
        # NOTE: what was not read stays as it was, but a waiver of it ends all the same.
        yield "waived" if waiver else "reopened", replace(old, waiver=waiver)


def _attributed(finding: Finding, old: Finding | None) -> Finding:
    if old is None or old.content_hash != finding.content_hash:
        return finding
    said = finding.attribution
    is_silent = isinstance(said, Mapping) and said.get("confidence") == "unread"
    return replace(finding, attribution=old.attribution) if is_silent else finding
