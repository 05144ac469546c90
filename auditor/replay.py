"""Compare again what runs compared: the same SQL over the same snapshots gives the same findings.

Nothing is written. A run is compared again with the version of the baseline that it recorded,
after that version was held against the approval log; what it recorded has to be what comes out.
So whoever altered recorded findings is found out even where every digest was made to fit.

A run says which version of the program and which rules (queries, settings, severities, behaviour)
it went by. Where these are not the ones at hand, it cannot be compared, and that is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from auditor.baseline.standing import logged_version
from auditor.baseline.waivers import waiver_of, waivers
from auditor.config import Config
from auditor.diff.rules import Rules
from auditor.errors import IntegrityError, UsageError
from auditor.model import Baseline, Coverage, Finding, JsonValue, Outcome
from auditor.store.database import reading
from auditor.store.findings import events_at, findings_at, last_seen
from auditor.store.hashing import canonical, canonical_text
from auditor.store.lifecycle import Waived, happened, with_attribution, with_waivers
from auditor.store.runs import By, Recorded, outcome_of, recorded_runs, with_approval
from auditor.store.snapshots import coverage_of

_SHOWN = 120
"""Characters of a value that are shown."""

_IDENTITY = ("query_id", "scope", "resource_id", "resource_type", "detail_key")
_CONTENT = ("verdict", "severity", "before", "after", "content_hash")
_TOLD = (
    *("title", "reason", "attack", "controls", "remediation"),
    *("before_row_hash", "after_row_hash", "attribution"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a run recorded otherwise than it comes out."""

    what: str
    """The finding with what differs of it, or what differs of the run."""
    recorded: JsonValue
    found: JsonValue


@dataclass(frozen=True, slots=True)
class Replayed:
    """One run, compared again."""

    snapshot: int
    findings: int
    """How many came out."""
    differences: tuple[Difference, ...] = ()
    refused: str = ""
    """Why its baseline does not verify; then nothing was compared."""
    not_comparable: str = ""
    """Why it cannot be compared here, which says nothing against it."""

    @property
    def problems(self) -> list[str]:
        """What is wrong, each as a sentence that names run and finding."""
        said = [f"run of snapshot {self.snapshot}: {self.refused}"] if self.refused else []
        return said + [
            f"run of snapshot {self.snapshot}: {d.what}: recorded {_brief(d.recorded)}, "
            f"comes out as {_brief(d.found)}"
            for d in self.differences
        ]


def replay(config: Config, numbers: Collection[int] | None = None) -> list[Replayed]:
    """Compare all recorded runs again, or those of some snapshots; oldest first.

    Raises `UsageError` for a snapshot without a run.
    """
    rules = Rules.load(config)
    with reading(config.store) as con:
        runs = recorded_runs(con)
    if unknown := sorted(set(numbers or ()) - {run.snapshot for run in runs}):
        raise UsageError(f"no run compared snapshot {unknown[0]}", hint="audit findings list")
    done: dict[int, Replayed] = {}
    seen: dict[tuple[str, str], int] = {}
    by = rules.identity()
    for run in runs:
        if numbers is None or run.snapshot in numbers:
            done[run.snapshot], found = _replayed(config, rules, run, by)
            seen |= {(str(run.baseline), f.fingerprint): run.snapshot for f in found}
    if numbers is None:
        _check_last_seen(config, done, seen)
    return list(done.values())


def _replayed(
    config: Config, rules: Rules, run: Recorded, by: By
) -> tuple[Replayed, list[Finding]]:
    if reason := _stranger(run, by):
        return Replayed(run.snapshot, 0, not_comparable=reason), []
    if run.baseline is None:
        return Replayed(run.snapshot, 0, tuple(_without_baseline(run))), []
    try:
        with reading(config.store) as con:
            baseline, content = logged_version(con, config.baseline, run.version or 0, run.baseline)
            coverage = with_approval(con, coverage_of(con, run.snapshot), baseline)
        held = waivers(config.baseline, at=run.at, name=run.baseline, said_by=run.at)
    except UsageError as exc:
        return Replayed(run.snapshot, 0, not_comparable=exc.message), []
    except IntegrityError as exc:
        return Replayed(run.snapshot, 0, refused=exc.message), []
    drift = rules.find(config, run.snapshot, coverage, content)
    with reading(config.store) as con:
        before = {
            f.fingerprint: f for f in findings_at(con, run.baseline, run.snapshot - 1, ended=True)
        }
        after = {f.fingerprint: f for f in findings_at(con, run.baseline, run.snapshot)}
        recorded = events_at(con, run.baseline, run.snapshot)
    waived = _as_recorded(
        waiver_of(held), after, signed=config.baseline.allowed_signers is not None
    )
    found = with_attribution(with_waivers(drift.findings, waived), before)
    events = happened(before, found, rules.evaluated(drift), waived, taken_back={})
    came_out = {f.fingerprint: (event, f) for event, f in events}
    differences = [
        *_run_differs(run, drift.skipped, coverage, after, baseline),
        *_held_differ(after, found),
        *_events_differ(recorded, came_out, before),
    ]
    return Replayed(run.snapshot, len(found), tuple(_once(differences))), found


def _once(differences: Collection[Difference]) -> Collection[Difference]:
    """Return the differences, each once: what held and what happened may say the same."""
    return {d.what: d for d in differences}.values()


def _stranger(run: Recorded, by: By) -> str:
    """Return why a run went by something else than what is at hand; empty where it did not."""
    if run.by is None:
        return "version: a program that did not write down what it went by compared it"
    if run.by.tool_version != by.tool_version:
        return f"version: {run.by.tool_version} compared it, this is {by.tool_version}"
    if run.by.rules != by.rules:
        return "version: other queries, settings, severities or behaviour were in use"
    return ""


def _without_baseline(run: Recorded) -> Iterator[Difference]:
    if run.outcome not in (Outcome.UNAPPROVED, Outcome.INTEGRITY):
        yield Difference("outcome", run.outcome, Outcome.UNAPPROVED.value)


def _as_recorded(waived: Waived, after: Mapping[str, Finding], *, signed: bool) -> Waived:
    """Return the waivers that the log has, less what only later signatures brought.

    A signature has no time of its own, so a waiver may have waited for it then.
    """

    def find(finding: Finding) -> JsonValue:
        now = waived(finding)
        old = after.get(finding.fingerprint)
        if not signed or not isinstance(now, Mapping) or old is None:
            return now
        if old.waiver is None:
            return None
        same = isinstance(old.waiver, Mapping) and _unsigned(old.waiver) == _unsigned(now)
        return old.waiver if same and _signers(old.waiver) <= _signers(now) else now

    return find


def _unsigned(waiver: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in _plain(waiver).items() if key != "signed_by"}


def _signers(waiver: Any) -> set[str]:
    return set(waiver.get("signed_by") or ())


def _run_differs(
    run: Recorded,
    skipped: object,
    coverage: list[Coverage],
    after: Mapping[str, Finding],
    baseline: Baseline,
) -> Iterator[Difference]:
    outcome = outcome_of(coverage, list(after.values()), baseline, run.fail_on)
    if run.outcome != outcome:
        yield Difference("outcome", run.outcome, outcome.value)
    if run.skipped != skipped:
        yield Difference("queries that were left out", _plain(run.skipped), _plain(skipped))


def _held_differ(after: Mapping[str, Finding], found: list[Finding]) -> Iterator[Difference]:
    for finding in found:
        known = after.get(finding.fingerprint)
        if known is None:
            yield Difference(_name(finding), None, finding.verdict.value)
        else:
            yield from _fields_differ(known, finding, (*_IDENTITY, *_CONTENT))


def _events_differ(
    recorded: Mapping[str, tuple[str, Finding]],
    came_out: Mapping[str, tuple[str, Finding]],
    before: Collection[str],
) -> Iterator[Difference]:
    for fingerprint in sorted(recorded.keys() | came_out.keys()):
        was, event = recorded.get(fingerprint), came_out.get(fingerprint)
        if event is None and was and was[0] == "resolved" and fingerprint not in before:
            continue  # NOTE: it began and ended here, where a snapshot was compared twice.
        if was is None or event is None or was[0] != event[0]:
            name = _name((was or event or ("", None))[1])
            yield Difference(f"{name}: event", was and was[0], event and event[0])
        else:
            yield from _fields_differ(was[1], event[1], (*_CONTENT, *_TOLD, "waiver"))


def _fields_differ(
    recorded: Finding, found: Finding, fields: Collection[str]
) -> Iterator[Difference]:
    for field in fields:
        old, new = (_plain(getattr(finding, field)) for finding in (recorded, found))
        if old != new:
            yield Difference(f"{_name(found)}: {field}", old, new)


def _check_last_seen(
    config: Config, done: dict[int, Replayed], seen: Mapping[tuple[str, str], int]
) -> None:
    """Add what is recorded to have been last seen otherwise than it comes out."""
    unsure = {r.snapshot for r in done.values() if r.not_comparable or r.refused}
    with reading(config.store) as con:
        names = {baseline for baseline, _ in seen}
        known = {(name, f): at for name in names for f, at in last_seen(con, name).items()}
        for (baseline, fingerprint), number in seen.items():
            said = known.get((baseline, fingerprint), number)
            if said == number or said in unsure:
                continue
            if said > number and fingerprint in events_at(con, baseline, said):
                continue  # NOTE: it ended there, where a snapshot was compared twice.
            difference = Difference(f"finding {fingerprint[:8]}: last_seen", said, number)
            old = done[number]
            done[number] = replace(old, differences=(*old.differences, difference))


def _name(finding: Finding | None) -> str:
    return f"finding {finding.fingerprint[:8]} of {finding.resource_id}" if finding else "a finding"


def _plain(value: Any) -> Any:
    """Return a value as the store gives it back."""
    return orjson.loads(canonical(value))


def _brief(value: JsonValue) -> str:
    text = "nothing" if value is None else canonical_text(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
