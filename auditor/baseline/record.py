"""Write a line of the approval log with the signature of whoever decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.baseline.log import Entry, append, following, read_log
from auditor.baseline.quorum import may_approve
from auditor.baseline.signatures import make, store
from auditor.config import BaselineConfig
from auditor.errors import BaselineError


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, why and when."""

    approved_by: str
    prepared_by: str
    reason: str
    at: datetime
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is signed, if it has to be, and not yet written."""

    entry: Entry
    signature: bytes | None


def signed_line(config: BaselineConfig, content: Mapping[str, Any], *, at: datetime) -> Line:
    """Return the next line of the log, signed by its approver; raises `BaselineError`."""
    entry = following(config.approvals, content)
    return Line(entry, make(config, entry, str(entry.content["approved_by"]), at=at))


def write_line(config: BaselineConfig, line: Line) -> None:
    """Append a line; its signature is there before it, so that it never stands unsigned."""
    person, number = str(line.entry.content["approved_by"]), line.entry.number
    path = store(config, number, person, line.signature) if line.signature else None
    try:
        append(config.approvals, line.entry)
    except BaselineError:
        if path is not None:
            path.unlink()
        raise


def sign_again(config: BaselineConfig, entry: Entry, person: str, *, at: datetime) -> None:
    """Add a further person's signature to a line; raises `BaselineError`."""
    preparer = entry.content.get("prepared_by")
    if config.four_eyes and person == preparer:
        raise _own_preparation(person)
    if config.allowed_signers is None:
        raise BaselineError(
            "nobody's signature is known: baseline.allowed_signers names no file",
            hint="docs/integrity.md says how to set signatures up",
        )
    signature = make(config, entry, person, at=at)
    if signature is not None:
        store(config, entry.number, person, signature)


def check_decision(
    config: BaselineConfig, decision: Decision, *, accounts: Collection[str]
) -> None:
    """Refuse a decision without reason, about one's own preparation, or not one's to take."""
    person = decision.approved_by
    if not decision.reason.strip():
        raise BaselineError("an approval needs a reason", hint="add --reason TEXT")
    if config.four_eyes and person == decision.prepared_by:
        raise _own_preparation(person)
    foreign = sorted(a for a in accounts if not may_approve(config.policy, a, person))
    if foreign:
        raise BaselineError(
            f"{person} may not approve changes of {', '.join(foreign)}",
            hint="baseline.policy says who may",
        )


def last_version(config: BaselineConfig, name: str) -> int:
    """Return the newest version of a baseline that the log has a line of, in force or not."""
    entries = read_log(config.approvals)
    return max((int(e.content["version"]) for e in entries if _is_of(e, name)), default=0)


def _is_of(entry: Entry, name: str) -> bool:
    return entry.content.get("name") == name and "version" in entry.content


def _own_preparation(person: str) -> BaselineError:
    return BaselineError(
        f"{person} prepared this and may not approve it: four eyes are on",
        hint="another person approves with --by, or names the preparer with --prepared-by",
    )
