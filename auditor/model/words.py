"""The fixed words of the glossary: outcomes, verdicts, severities."""

from __future__ import annotations

from enum import StrEnum

GLOBAL = "global"
"""Region of what has none. As the region of a scope: all regions of an account, read at once."""


class Status(StrEnum):
    """Outcome of reading one table in one scope."""

    COMPLETE = "complete"
    DENIED = "denied"
    THROTTLED = "throttled"
    FAILED = "failed"
    TRUNCATED = "truncated"
    DISABLED = "disabled"
    SKIPPED = "skipped"

    @property
    def is_gap(self) -> bool:
        """Whether this outcome leaves something unread that the run was asked to read."""
        return self not in (Status.COMPLETE, Status.SKIPPED)


class Verdict(StrEnum):
    """What a finding says about a resource."""

    NEW = "NEW"
    REMOVED = "REMOVED"
    REPLACED = "REPLACED"
    LOOSENED = "LOOSENED"
    TIGHTENED = "TIGHTENED"
    SUSPICIOUS = "SUSPICIOUS"
    CHANGED = "CHANGED"
    UNKNOWN = "UNKNOWN"


class Severity(StrEnum):
    """How much a finding matters; ordered by `rank`, most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info: sorts the worst first."""
        return list(Severity).index(self)


class FindingStatus(StrEnum):
    """Where a finding is in its life."""

    NEW = "new"
    OPEN = "open"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    WAIVED = "waived"


class Outcome(StrEnum):
    """What a whole run came to."""

    CLEAN = "clean"
    DRIFT = "drift"
    INCOMPLETE = "incomplete"
    UNAPPROVED = "unapproved"
    INTEGRITY = "integrity"

    @property
    def exit_code(self) -> int:
        """The process exit code: 0, 3, 4, 4, 5."""
        return {"clean": 0, "drift": 3, "incomplete": 4, "unapproved": 4, "integrity": 5}[self]
