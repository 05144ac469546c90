"""What people decide about a run: look at what an approval would absorb, then approve it."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from auditor.baseline.approve import Approval, Approved, approve_findings, approve_snapshot
from auditor.baseline.versions import approved_baseline, content_of, versions
from auditor.config import Config
from auditor.errors import UsageError
from auditor.model import AuditRun, Baseline, Finding
from auditor.pipeline import now, past_run
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


@dataclass(frozen=True, slots=True)
class Who:
    """Who decides, and why."""

    by: str | None
    prepared_by: str | None
    reason: str
    ticket: str | None = None
    review_due: datetime | None = None


def prepare(config: Config, *, findings: Sequence[str], name: str | None = None) -> Request:
    """Return what approving the newest snapshot, or these findings, would accept."""
    run = past_run(config, "latest")
    chosen = (
        tuple(find_finding(run.active, prefix) for prefix in findings) if findings else run.active
    )
    return Request(run, chosen, single=bool(findings), name=name or config.baseline.name)


def approve(config: Config, request: Request, who: Who) -> Approved:
    """Write the next version of the baseline, and its line in the approval log."""
    user = getpass.getuser()
    approval = Approval(
        approved_by=who.by or user,
        prepared_by=who.prepared_by or user,
        reason=who.reason,
        at=now(),
        ticket=who.ticket,
        review_due=who.review_due,
    )
    snapshot = request.run.snapshot
    with (
        run_lock(config.store, wait=config.store.wait.total_seconds()),
        writing(config.store, now=approval.at) as con,
    ):
        if request.single:
            return approve_findings(
                con, config.baseline, approval, snapshot, request.findings, name=request.name
            )
        return approve_snapshot(con, config.baseline, approval, snapshot, name=request.name)


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
        newest = approved_baseline(con, config.baseline, name)
        chosen = next((b for b in known if b.version == version), None) if version else newest
        if chosen is None:
            raise UsageError(f"baseline {name} has versions 1 to {known[-1].version}")
        content = content_of(con, chosen)
    return asdict(chosen) | {
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
