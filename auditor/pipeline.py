"""The steps of an audit, in order: collect -> seal -> diff -> record. Read this file first."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auditor import __version__
from auditor.baseline.log import head
from auditor.baseline.signatures import trust
from auditor.baseline.standing import standing
from auditor.baseline.versions import content_of, versions
from auditor.baseline.waivers import Waiver, unsigned, waiver_of, waivers
from auditor.config import Config
from auditor.diff.engine import Drift
from auditor.diff.rules import Rules
from auditor.errors import IntegrityError
from auditor.model import AuditRun, Baseline, Coverage, FindingStatus, Outcome, Snapshot
from auditor.store.database import reading, run_lock, transaction, writing
from auditor.store.findings import findings_at, order, record_findings
from auditor.store.lifecycle import Waived, with_waivers
from auditor.store.runs import (
    baseline_of_run,
    inventory,
    load_run,
    outcome_of,
    record_run,
    with_approval,
)
from auditor.store.snapshots import (
    coverage_of,
    find_snapshot,
    last_complete,
    latest_snapshot,
    newest_compared,
)

if TYPE_CHECKING:
    from auditor.collect.progress import Progress

PATIENCE = timedelta(minutes=10)
"""How long a run waits for readers, rather than lose what it has collected."""

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the time in UTC; every step gets its clock passed in."""
    return datetime.now(UTC)


def run(config: Config, *, progress: Progress | None = None, clock: Clock = now) -> AuditRun:
    """Take a snapshot, compare it with the approved baseline, and record what was found."""
    rules = Rules.load(config)
    trust(config.baseline)  # NOTE: what cannot be checked is found out before hours of reading.
    with run_lock(config.store):
        snapshot = _take_snapshot(config, progress, clock)
        return _compare(config, rules, snapshot, clock, record=True)


def take_snapshot(
    config: Config, *, progress: Progress | None = None, clock: Clock = now
) -> AuditRun:
    """Take a snapshot only; `compare` can follow later."""
    with run_lock(config.store):
        snapshot = _take_snapshot(config, progress, clock)
    with reading(config.store) as con:
        coverage = coverage_of(con, snapshot.id)
    found = _audit_run(config, snapshot, None, coverage)
    return replace(
        found,
        outcome=Outcome.INCOMPLETE if found.gaps else Outcome.CLEAN,
        next_steps=(f"audit diff --snapshot {snapshot.id}",),
    )


def compare(config: Config, *, snapshot: str | None = None, clock: Clock = now) -> AuditRun:
    """Compare a snapshot with the newest baseline.

    For the newest snapshot that is recorded, as a run does; an older one is only shown, since
    the life of findings goes forward.
    """
    rules = Rules.load(config)
    with run_lock(config.store, patient=True):
        with reading(config.store) as con:
            wanted = find_snapshot(con, snapshot)
            newest = latest_snapshot(con)
        is_newest = newest is not None and wanted.id == newest.id
        return _compare(config, rules, wanted, clock, record=is_newest)


def past_run(config: Config, snapshot: str | None = None) -> AuditRun:
    """Return a run as it was reported; without a snapshot, the newest that was compared.

    A newer snapshot that is not compared yet, or never since its run died, is a problem of the run.
    """
    with reading(config.store) as con:
        newest = find_snapshot(con, snapshot)
        found = newest if snapshot else newest_compared(con) or newest
        name, version = baseline_of_run(con, found.id) or (None, None)
        known = versions(con, name) if name else []
        baseline = next((b for b in known if b.version == version), None)
        past = load_run(con, found, baseline)
    steps, problems = next_steps(past), past.problems
    if found.id != newest.id:
        steps = (f"audit diff --snapshot {newest.id}", *steps)
        problems += (f"snapshot {newest.id} is newer, but was not compared with a baseline yet",)
    return replace(past, next_steps=steps, problems=problems)


def next_steps(run: AuditRun) -> tuple[str, ...]:
    """Return the commands that make sense after a run, most useful first."""
    steps = []
    if run.outcome is Outcome.INTEGRITY:
        return ("audit store verify",)
    if run.gaps:
        steps.append("audit doctor")
    if run.unapproved:
        steps.append('audit baseline approve --reason "..."')
    unwaived = [f for f in run.active if f.status is not FindingStatus.WAIVED]
    if unwaived:
        first = unwaived[0].fingerprint[:8]
        steps.append(f"audit findings show {first}")
        steps.append(f'audit baseline approve --finding {first} --reason "..."')
    return tuple(steps)


def _take_snapshot(config: Config, progress: Progress | None, clock: Clock) -> Snapshot:
    from auditor.collect.clouds import bounded_by, check_selection, specs
    from auditor.collect.engine import collect
    from auditor.collect.memory import share_arenas
    from auditor.collect.progress import Progress
    from auditor.collect.since import events_since
    from auditor.store.seal import SealRequest, seal
    from auditor.store.stage import Stage, remove_leftovers

    check_selection(config)
    share_arenas()
    started = clock()
    with writing(config.store, now=started):
        pass  # NOTE: a store that cannot be written is found out before hours of reading.
    remove_leftovers(config.store.path)
    run_id = str(uuid.uuid4())
    with Stage(config.store.path, run_id) as stage:
        context = bounded_by(config.run)
        with reading(config.store) as con:
            context.since = events_since(last_complete(con), started)
        coverage = collect(config, stage.write, context=context, progress=progress or Progress())
        request = SealRequest(
            run_id=run_id,
            started_at=started,
            sealed_at=clock(),
            tool_version=__version__,
            config_digest=config.digest(),
            approval_head=_approval_head(config),
            specs=specs(),
            staged=stage.finish(),
            coverage=coverage,
            shrink_guard=config.run.shrink_guard,
        )
        with writing(config.store, now=started, patience=PATIENCE) as con:
            snapshot, _ = seal(con, request)
    return snapshot


def _approval_head(config: Config) -> str | None:
    """Return what anchors the log; a broken log anchors nothing, and is refused when comparing."""
    try:
        return head(config.baseline.approvals)
    except IntegrityError:
        return None


def _compare(
    config: Config, rules: Rules, snapshot: Snapshot, clock: Clock, *, record: bool
) -> AuditRun:
    baseline, content = None, None
    problems: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    waived: list[Waiver] = []
    at = clock()
    with reading(config.store) as con:
        coverage = coverage_of(con, snapshot.id)
        try:
            stands = standing(con, config.baseline)
            waived = waivers(config.baseline, at=at)
            baseline, waiting = stands.baseline, (*stands.waiting, *unsigned(waived))
        except IntegrityError as exc:
            problems = (exc.diagnostics(),)
        if baseline is not None:
            coverage = with_approval(con, coverage, baseline)
            content = content_of(con, baseline)
    found = _audit_run(config, snapshot, baseline, coverage)
    if problems:
        found = replace(found, outcome=Outcome.INTEGRITY, problems=problems)
    elif waiting:
        found = replace(found, problems=tuple(f"approved, not in force: {w}" for w in waiting))
    if content is None:
        return _recorded(config, rules, found, None, at) if record else _decided(found)
    drift = rules.find(config, snapshot.id, coverage, content)
    found = replace(found, skipped_queries=drift.skipped)
    drift = replace(drift, findings=tuple(with_waivers(drift.findings, waiver_of(waived))))
    if record:
        return _recorded(config, rules, found, (drift, waiver_of(waived)), at)
    seen = snapshot.sealed_at
    findings = sorted(
        (replace(f, first_seen=seen, last_seen=seen) for f in drift.findings), key=order
    )
    return _decided(replace(found, findings=tuple(findings)))


def _recorded(
    config: Config,
    rules: Rules,
    found: AuditRun,
    result: tuple[Drift, Waived] | None,
    at: datetime,
) -> AuditRun:
    """Write findings and outcome in one transaction, and return the run as it now stands."""
    with writing(config.store, now=at, patience=PATIENCE) as con, transaction(con):
        if result is not None and found.baseline is not None:
            drift, waived = result
            record_findings(
                con,
                baseline=found.baseline.name,
                snapshot=found.snapshot.id,
                found=drift.findings,
                waived=waived,
                evaluated=rules.evaluated(drift),
            )
            findings = findings_at(con, found.baseline.name, found.snapshot.id)
            found = replace(found, findings=tuple(findings))
        decided = _decided(found)
        record_run(con, decided, rules.identity(), at=at)
    return decided


def _decided(found: AuditRun) -> AuditRun:
    if found.outcome is not Outcome.INTEGRITY:
        outcome = outcome_of(
            list(found.coverage), list(found.findings), found.baseline, found.fail_on
        )
        found = replace(found, outcome=outcome)
    return replace(found, next_steps=next_steps(found))


def _audit_run(
    config: Config, snapshot: Snapshot, baseline: Baseline | None, coverage: list[Coverage]
) -> AuditRun:
    return AuditRun(
        snapshot=snapshot,
        baseline=baseline,
        coverage=tuple(coverage),
        findings=(),
        outcome=Outcome.UNAPPROVED,
        fail_on=config.run.fail_on,
        tool_version=__version__,
        inventory=inventory(coverage),
    )
