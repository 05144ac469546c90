"""Waivers: approved, owned exceptions that end by themselves; lines of the approval log.

A waiver is bound to a finding's fingerprint and to the exact content that people saw (verdict,
before, after): anything wider is a finding again, and unrelated changes do not touch it. For each
fingerprint the newest line that is in force holds: `waive`, `renew`, or `revoke`, which ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.baseline.log import Entry, read_log
from auditor.baseline.quorum import lacking
from auditor.baseline.record import Decision, check_decision, signed_line, write_line
from auditor.baseline.signatures import signers
from auditor.config import BaselineConfig
from auditor.errors import BaselineError
from auditor.model import Finding, JsonValue
from auditor.store.hashing import utc

ACTIONS = ("waive", "renew", "revoke")


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver as the log says it."""

    line: int
    """Line of the approval log."""
    content: Mapping[str, Any]
    signed_by: tuple[str, ...] = ()
    waiting: str = ""
    """Whose signature it waits for, before which it does not hold."""

    @property
    def fingerprint(self) -> str:
        """The finding that is waived."""
        return str(self.content["fingerprint"])

    @property
    def expires_at(self) -> datetime:
        """When the finding fires again."""
        return _moment(self.content["expires_at"])

    def shown(self) -> dict[str, Any]:
        """Return what reports say about it."""
        keys = ("owner", "reason", "ticket", "expires_at", "approved_by", "approved_at")
        return {
            "line": self.line,
            **{key: self.content[key] for key in keys},
            "signed_by": list(self.signed_by),
        }


def waivers(
    config: BaselineConfig,
    *,
    at: datetime,
    name: str | None = None,
    said_by: datetime | None = None,
) -> list[Waiver]:
    """Return the waivers of a baseline that hold or wait for signatures, by line.

    With `said_by`, as the log was at that time: later lines do not count.
    Raises `IntegrityError` where the log or a signature that one rests on was altered.
    """
    wanted = name or config.name
    by_finding: dict[str, list[Entry]] = {}
    for entry in read_log(config.approvals):
        if entry.content["action"] not in ACTIONS or entry.content["name"] != wanted:
            continue
        if said_by is None or _moment(entry.content["approved_at"]) <= said_by:
            by_finding.setdefault(str(entry.content["fingerprint"]), []).append(entry)
    found: list[Waiver] = []
    for entries in by_finding.values():
        found += _standing(config, entries, at)
    return sorted(found, key=lambda waiver: waiver.line)


def waiver_of(held: Sequence[Waiver]) -> Callable[[Finding], JsonValue]:
    """Return what says whether a finding is waived: the waiver as reports show it, or None."""
    known = {w.fingerprint: w for w in held if not w.waiting}

    def find(finding: Finding) -> JsonValue:
        waiver = known.get(finding.fingerprint)
        if waiver is None or waiver.content["content_hash"] != finding.content_hash:
            return None
        return waiver.shown()

    return find


def unsigned(held: Sequence[Waiver]) -> tuple[str, ...]:
    """Return which waivers do not hold yet, and whose signature each waits for."""
    return tuple(f"waiver of finding {w.fingerprint[:8]}: {w.waiting}" for w in held if w.waiting)


def waive(
    config: BaselineConfig,
    decision: Decision,
    finding: Finding,
    *,
    owner: str,
    expires_at: datetime,
    name: str | None = None,
) -> Waiver:
    """Write a waiver of a finding as it is now; raises `BaselineError`."""
    return _write(
        config,
        decision,
        {
            "action": "waive",
            "name": name or config.name,
            "fingerprint": finding.fingerprint,
            "content_hash": finding.content_hash,
            "query_id": finding.query_id,
            "account_id": finding.scope.account_id,
            "resource_id": finding.resource_id,
            "said": finding.reason,
            "owner": owner,
            "expires_at": utc(expires_at),
        },
    )


def renew(
    config: BaselineConfig,
    decision: Decision,
    waiver: Waiver,
    *,
    expires_at: datetime,
    owner: str | None = None,
) -> Waiver:
    """Let a waiver of the same content hold longer; raises `BaselineError`."""
    changes = {"action": "renew", "expires_at": utc(expires_at)}
    return _write(
        config, decision, {**waiver.content, **changes, "owner": owner or waiver.content["owner"]}
    )


def revoke(config: BaselineConfig, decision: Decision, waiver: Waiver) -> Waiver:
    """End a waiver before its time; raises `BaselineError`."""
    return _write(config, decision, {**waiver.content, "action": "revoke"})


def _write(config: BaselineConfig, decision: Decision, content: Mapping[str, Any]) -> Waiver:
    check_decision(config, decision, accounts=[str(content["account_id"])])
    if not str(content["owner"]).strip():
        raise BaselineError("a waiver needs an owner", hint="add --owner NAME")
    if content["action"] != "revoke":
        _check_length(config, content["expires_at"] - utc(decision.at))
    line = signed_line(
        config,
        {
            **{key: value for key, value in content.items() if key not in ("seq", "previous")},
            "approved_by": decision.approved_by,
            "prepared_by": decision.prepared_by,
            "approved_at": utc(decision.at),
            "reason": decision.reason,
            "ticket": decision.ticket,
        },
        at=decision.at,
    )
    write_line(config, line)
    names, why = _signed(config, line.entry)
    return Waiver(line.entry.number, line.entry.content, names, why)


def _check_length(config: BaselineConfig, length: timedelta) -> None:
    if length <= timedelta(0):
        raise BaselineError("a waiver must end in the future", hint="name a later --expires")
    if length > config.longest_waiver:
        raise BaselineError(
            f"a waiver may hold for {config.longest_waiver.days} days, this one for more",
            hint="name an earlier --expires; baseline.longest_waiver is the limit",
        )


def _standing(config: BaselineConfig, entries: Sequence[Entry], at: datetime) -> list[Waiver]:
    """Return what holds of the lines about one finding, oldest first, and what waits."""
    waiting: list[Waiver] = []
    for entry in reversed(entries):
        waiver = Waiver(entry.number, entry.content)
        revoked = entry.content["action"] == "revoke"
        if not revoked and waiver.expires_at <= at:
            return waiting
        names, why = _signed(config, entry)
        if revoked:
            return waiting
        if not why:
            return [Waiver(entry.number, entry.content, names), *waiting]
        waiting.append(Waiver(entry.number, entry.content, names, why))
    return waiting


def _signed(config: BaselineConfig, entry: Entry) -> tuple[tuple[str, ...], str]:
    """Return who signed a line, and what it lacks to hold."""
    if config.allowed_signers is None:
        return (), ""
    names = signers(config, entry)
    return names, lacking(config.policy, str(entry.content["account_id"]), names)


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
