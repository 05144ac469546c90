"""Compare a snapshot with what it would be with the rules of a file.

The snapshot stands on both sides of a session, and the later one gets the rules that the file
proposes. The comparison is the one of a run, so verdicts, severities and reasons are, too. A policy
that no snapshot has is compared with one that has no rules of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from auditor.config import Config
from auditor.diff.proposed import show_twice
from auditor.diff.session import Session, open_session
from auditor.model import Severity, Verdict
from auditor.policy.evaluate import evaluate
from auditor.policy.regions import read_regions
from auditor.policy.severity import lets_in_internet
from auditor.proposals.kinds import KINDS
from auditor.proposals.reading import read_file, told_of
from auditor.simulation.placing import Place, by_id, place
from auditor.simulation.rows import propose
from auditor.store.snapshots import find_snapshot

LOOSER, NOT_KNOWN = 3, 4


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one policy."""

    verdict: Verdict
    severity: Severity
    cloud: str
    account_id: str | None
    """None where a new policy, or one that is not known, does not say it."""
    region: str | None
    resource_id: str
    """Of a new policy what the file calls it."""
    resource_type: str
    name: str | None
    reason: str
    where: str
    """Places in the file."""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would be looser, tighter, new without letting strangers in, or cannot be judged."""

    snapshot: int
    loosened: tuple[Change, ...]
    tightened: tuple[Change, ...]
    new: tuple[Change, ...]
    unknown: tuple[Change, ...]

    @property
    def exit_code(self) -> int:
        """What the command exits with: 3 looser, 4 not everything is known, else 0."""
        if self.loosened:
            return LOOSER
        return NOT_KNOWN if self.unknown else 0


def simulate(config: Config, path: Path, snapshot: str | None = None) -> Simulation:
    """Say what the rules of a file would change; raises `UsageError` for a file of no use."""
    with told_of(path):
        proposals = read_file(path)
    with open_session(config.store) as session:
        number = find_snapshot(session.con, snapshot).id
        show_twice(session, number)
        with told_of(path):
            places, unplaced = place(session, number, proposals)
            for table, kind in KINDS.items():
                propose(session, table, kind, [p for p in places if p.table == table])
        evaluate(session.con)
        found = [_unknown(lost.place, lost.reason) for lost in unplaced]
        found += _not_evaluated(session, places)
        found += _changes(session, by_id(places))
    found.sort(key=lambda change: (change.severity.rank, change.resource_id, change.reason))
    strangers = [c for c in found if c.verdict is Verdict.LOOSENED]
    return Simulation(
        number,
        loosened=tuple(strangers),
        tightened=_of(found, Verdict.TIGHTENED),
        new=_of(found, Verdict.NEW),
        unknown=_of(found, Verdict.UNKNOWN),
    )


def _of(changes: Sequence[Change], verdict: Verdict) -> tuple[Change, ...]:
    return tuple(change for change in changes if change.verdict is verdict)


def _changes(session: Session, places: Mapping[str, Place]) -> Iterator[Change]:
    """Yield what the comparison found; of a new policy, what it allows."""
    open_policies = _open_policies(session)
    for table in ("changes", "instance_changes"):
        rows = session.con.execute(
            "SELECT cloud, account_id, region, resource_id, resource_type, verdict, severity, "
            f"reason, before, after, detail_key FROM policy.{table} ORDER BY ALL"
        ).fetchall()
        for cloud, account, region, resource, kind, verdict, severity, reason, *rest in rows:
            before, after, detail = rest
            about = places.get(resource)
            is_new = about is not None and about.new is not None
            told = Verdict(verdict)
            if is_new and told is Verdict.TIGHTENED:
                continue  # what a policy denies that was not there is no change
            is_open = resource in open_policies and str(detail).startswith("ingress")
            if is_new and told is Verdict.LOOSENED and not is_open:
                told = Verdict.NEW
            is_told = about is None or about.is_told
            yield Change(
                verdict=told,
                severity=Severity(severity),
                cloud=cloud,
                account_id=account if is_told else None,
                region=region if is_told else None,
                resource_id=about.proposals[0].policy if about and is_new else resource,
                resource_type=kind,
                name=about.name if about else None,
                reason=f"new policy: {reason}" if is_new else reason,
                where=about.where if about else "",
                before=orjson.loads(before) if before else None,
                after=orjson.loads(after) if after else None,
            )


def _open_policies(session: Session) -> set[str]:
    """Return the policies that the Internet would get through that it did not."""
    regions = read_regions(session.con)
    rows = session.con.execute(
        "SELECT subject, policy_id FROM policy.subjects WHERE what = 'policy'"
    ).fetchall()
    return {
        policy_id
        for subject, policy_id in rows
        if any(map(lets_in_internet, regions.get(subject, ())))
    }


def _not_evaluated(session: Session, places: Sequence[Place]) -> Iterator[Change]:
    """Yield the policies of which the store has no tables to evaluate them by."""
    kinds = session.con.execute("SELECT resource_type FROM policy.kinds").fetchall()
    known = {kind for (kind,) in kinds}
    for about in places:
        if about.table not in known:
            yield _unknown(about, "the store lacks tables that its rules are evaluated by")


def _unknown(about: Place, reason: str) -> Change:
    return Change(
        verdict=Verdict.UNKNOWN,
        severity=Severity.MEDIUM,
        cloud=about.scope.cloud,
        account_id=about.scope.account_id if about.is_told else None,
        region=about.scope.region if about.is_told else None,
        resource_id=about.resource_id,
        resource_type=about.table,
        name=about.name,
        reason=reason,
        where=about.where,
    )
