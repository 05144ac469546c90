"""What people decide about a run: look at what an approval would absorb, then approve it."""

from __future__ import annotations

import contextlib
import difflib
import getpass
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from auditor.baseline import waivers
from auditor.baseline.approve import Approval, Approved, approve_findings, approve_snapshot
from auditor.baseline.approve import roll_back as roll_back_to
from auditor.baseline.log import Entry, read_log
from auditor.baseline.record import Decision, sign_again
from auditor.baseline.signatures import principal
from auditor.baseline.standing import Standing, check_line, standing
from auditor.baseline.versions import content_of, versions
from auditor.baseline.waivers import Waiver
from auditor.config import Config
from auditor.errors import UsageError
from auditor.model import AuditRun, Baseline, Finding
from auditor.pipeline import Clock, now, past_run
from auditor.store.database import reading, run_lock, writing


@dataclass(frozen=True, slots=True)
class Request:
    """What is about to be approved."""

    run: AuditRun
    findings: tuple[Finding, ...]
    """The findings to accept, or those that approving the whole snapshot absorbs."""
    single: bool
    """Whether only these findings are meant, not the whole snapshot."""
    name: str
    accounts: tuple[str, ...] = ()
    """The accounts that it is limited to; empty for all."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who decides, and why."""

    by: str | None
    prepared_by: str | None
    reason: str
    ticket: str | None = None
    review_due: datetime | None = None


def prepare(
    config: Config,
    *,
    findings: Sequence[str] = (),
    queries: Sequence[str] = (),
    accounts: Sequence[str] = (),
    name: str | None = None,
) -> Request:
    """Return what approving the newest snapshot, or some findings, would accept.

    `findings` are starts of fingerprints, `queries` ids of drift queries or settings; with either
    only their findings are meant. `accounts` limits it to these. Raises `UsageError` for what does
    not exist.
    """
    run = past_run(config, "latest")
    chosen = [find_finding(run.active, prefix) for prefix in findings]
    for id in queries:
        chosen += _of_query(run.active, id)
    _check_accounts(run, accounts)
    is_single = bool(findings or queries)
    meant = {f.fingerprint: f for f in (chosen if is_single else run.active)}
    return Request(
        run,
        tuple(f for f in meant.values() if not accounts or f.scope.account_id in accounts),
        single=is_single,
        name=name or config.baseline.name,
        accounts=tuple(accounts),
    )


def approve(config: Config, request: Request, who: Who, *, clock: Clock = now) -> Approved:
    """Write the next version of the baseline, and its line in the approval log."""
    approval = _approval(config, who, clock)
    snapshot = request.run.snapshot
    with (
        run_lock(config.store, patient=True),
        writing(config.store, now=approval.at) as con,
    ):
        if request.single:
            return approve_findings(
                con, config.baseline, approval, snapshot, request.findings, name=request.name
            )
        return approve_snapshot(
            con,
            config.baseline,
            approval,
            snapshot,
            name=request.name,
            absorbed=request.findings,
            accounts=request.accounts,
        )


def roll_back(config: Config, version: int, who: Who, name: str | None = None) -> Approved:
    """Make an older version's content the newest version again."""
    approval = _approval(config, who)
    with (
        run_lock(config.store, patient=True),
        writing(config.store, now=approval.at) as con,
    ):
        return roll_back_to(con, config.baseline, approval, version, name=name)


def _approval(config: Config, who: Who, clock: Clock = now) -> Approval:
    user = decider(config)
    return Approval(
        approved_by=who.by or user,
        prepared_by=who.prepared_by or user,
        reason=who.reason,
        at=clock(),
        ticket=who.ticket,
        review_due=who.review_due,
    )


def decider(config: Config) -> str:
    """Return who decides where nobody is named: the signing key's principal, or the user."""
    return principal(config.baseline) or getpass.getuser()


def unsigned_line(config: Config, number: int | None, name: str | None = None) -> Entry:
    """Return the line that a further person is about to sign; by default the baseline's newest."""
    wanted = name or config.baseline.name
    entries = read_log(config.baseline.approvals)
    found = [e for e in entries if number in (None, e.number) and e.content["name"] == wanted]
    if not found:
        which = "no line" if number is None else f"no line {number}"
        raise UsageError(
            f"the approval log has {which} of baseline {wanted}",
            where=str(config.baseline.approvals),
        )
    return found[-1]


def sign(config: Config, entry: Entry, by: str | None) -> Standing:
    """Add a person's signature to a line of the approval log; return how the baseline stands."""
    person, at = by or decider(config), now()
    with (
        run_lock(config.store, patient=True),
        reading(config.store) as con,
    ):
        check_line(con, config.baseline, entry)
        sign_again(config.baseline, entry, person, at=at)
        name = str(entry.content["name"])
        stands = standing(con, config.baseline, name)
    held = waivers.waivers(config.baseline, at=at, name=name)
    return replace(stands, waiting=(*stands.waiting, *waivers.unsigned(held)))


@dataclass(frozen=True, slots=True)
class Term:
    """Who answers for a waiver, and until when it holds."""

    owner: str | None
    expires_at: datetime


def waive(config: Config, prefix: str, who: Who, term: Term) -> Waiver:
    """Waive a finding of the newest run, as it is now, until a time."""
    finding = find_finding(past_run(config).active, prefix)
    with _deciding(config, who) as decision:
        return waivers.waive(
            config.baseline,
            decision,
            finding,
            owner=term.owner or "",
            expires_at=term.expires_at,
        )


def renew(config: Config, prefix: str, who: Who, term: Term) -> Waiver:
    """Let a waiver hold longer."""
    with _deciding(config, who) as decision:
        waiver = _find_waiver(config, prefix, decision)
        return waivers.renew(
            config.baseline, decision, waiver, owner=term.owner, expires_at=term.expires_at
        )


def revoke(config: Config, prefix: str, who: Who) -> Waiver:
    """End a waiver now."""
    with _deciding(config, who) as decision:
        return waivers.revoke(config.baseline, decision, _find_waiver(config, prefix, decision))


def held_waivers(config: Config) -> list[Waiver]:
    """Return the waivers that hold now, or wait for signatures."""
    with reading(config.store) as con:
        standing(con, config.baseline)
    return waivers.waivers(config.baseline, at=now())


@contextlib.contextmanager
def _deciding(config: Config, who: Who) -> Iterator[Decision]:
    """Hold the run lock, and say who decides now; raises `IntegrityError` for an altered log."""
    with run_lock(config.store, patient=True):
        with reading(config.store) as con:
            standing(con, config.baseline)
        yield _approval(config, who)


def _find_waiver(config: Config, prefix: str, decision: Decision) -> Waiver:
    held = waivers.waivers(config.baseline, at=decision.at)
    found = [w for w in held if w.fingerprint.startswith(prefix.lower())]
    if len({w.fingerprint for w in found}) != 1:
        raise UsageError(
            f"{len(found) or 'no'} waivers that hold are of findings that begin with {prefix!r}",
            hint="audit waivers list shows them; one that has ended is given anew: audit waive",
        )
    return found[-1]


def all_versions(config: Config) -> list[Baseline]:
    """Return every version of every baseline in the store."""
    with reading(config.store) as con:
        return versions(con)


def describe(config: Config, name: str | None, version: int | None) -> dict[str, Any]:
    """Return one version with what it approves; the newest one is verified first."""
    name = name or config.baseline.name
    with reading(config.store) as con:
        known = versions(con, name)
        if not known:
            raise UsageError(
                f"there is no baseline {name!r}",
                hint='approve the newest snapshot: audit baseline approve --reason "..."',
            )
        stands = standing(con, config.baseline, name)
        newest = stands.baseline or known[-1]
        chosen = next((b for b in known if b.version == version), None) if version else newest
        if chosen is None:
            raise UsageError(f"baseline {name} has versions 1 to {known[-1].version}")
        content = content_of(con, chosen)
    if stands.baseline is not None and chosen.version == stands.baseline.version:
        chosen = stands.baseline
    return asdict(chosen) | {
        "signed_by": list(chosen.signed_by),
        "waiting": list(stands.waiting),
        "covers": [
            {"table": table, "scope": str(scope), "snapshot": snapshot, "digest": digest}
            for (table, scope), (snapshot, digest) in sorted(content.scopes.items())
        ],
        "overrides": [
            {"table": o.table, "resource_id": o.resource_id, "row_hash": o.row_hash}
            for o in content.overrides
        ],
        "acceptances": [
            {"fingerprint": a.fingerprint, "content_hash": a.content_hash}
            for a in content.acceptances
        ],
    }


def _of_query(findings: Sequence[Finding], id: str) -> list[Finding]:
    found = [f for f in findings if f.query_id == id]
    if not found:
        known = sorted({f.query_id for f in findings})
        near = difflib.get_close_matches(id, known, n=1)
        raise UsageError(
            f"no open finding is by {id!r}" + (f"; did you mean {near[0]}?" if near else ""),
            hint=f"queries with findings: {', '.join(known) or 'none'}",
        )
    return found


def _check_accounts(run: AuditRun, accounts: Sequence[str]) -> None:
    known = sorted({c.scope.account_id for c in run.coverage})
    for account in accounts:
        if account not in known:
            raise UsageError(
                f"snapshot {run.snapshot.id} has no account {account!r}",
                hint=f"its accounts: {', '.join(known)}",
            )


def find_finding(findings: Sequence[Finding], prefix: str) -> Finding:
    """Return the one finding whose fingerprint starts so; raises `UsageError`."""
    found = [f for f in findings if f.fingerprint.startswith(prefix.lower())]
    if len(found) == 1:
        return found[0]
    what = "no finding" if not found else f"{len(found)} findings"
    raise UsageError(
        f"{what} begin with {prefix!r}" if found else f"{what} begins with {prefix!r}",
        hint="audit findings list shows the fingerprints",
    )
