"""The counts of a run and the groups of its coverage: computed once, shown by every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditor.model import AuditRun, Coverage, FindingStatus, Scope, Severity, Status, Verdict


@dataclass(frozen=True, slots=True)
class Group:
    """Tables of one scope that ended the same way, for the same reason."""

    scope: Scope
    status: Status
    tables: tuple[str, ...]
    detail: str
    """Error kinds and details, each once; empty where there is nothing to say."""


def summarise(run: AuditRun) -> dict[str, Any]:
    """Return the `summary` of `findings.json`: all keys always there, zero where nothing is."""
    active = run.active
    clouds = sorted(
        {item.scope.cloud for item in run.coverage} | {f.scope.cloud for f in run.findings}
    )
    return {
        "coverage": _coverage(run),
        "inventory": {table: run.inventory[table] for table in sorted(run.inventory)},
        "total": len(active),
        "by_verdict": _counts(Verdict, (f.verdict for f in active)),
        "by_severity": _counts(Severity, (f.severity for f in active)),
        "by_status": _counts(FindingStatus, (f.status for f in run.findings)),
        "by_cloud": _counts(clouds, (f.scope.cloud for f in active)),
    }


def groups(coverage: Iterable[Coverage]) -> list[Group]:
    """Put coverage of one scope, status and reason together, in the order of the scopes."""
    found: dict[tuple[Scope, Status], list[Coverage]] = {}
    for item in coverage:
        found.setdefault((item.scope, item.status), []).append(item)
    return [
        Group(
            scope=scope,
            status=status,
            tables=tuple(sorted({item.table for item in found[scope, status]})),
            detail="; ".join(dict.fromkeys(filter(None, map(reason, found[scope, status])))),
        )
        for scope, status in sorted(found, key=lambda key: (key[0], key[1].value))
    ]


def reason(item: Coverage) -> str:
    """Return why a scope ended as it did: `AccessDenied: what was refused`."""
    return ": ".join(filter(None, (item.error_kind, item.detail)))


def proposed(run: AuditRun) -> int:
    """Return how many resources the snapshot holds, and so proposes, where nothing is approved."""
    return sum(run.inventory.values())


def asked(run: AuditRun) -> int:
    """Return how many scopes the run was asked to read: all but the skipped ones."""
    return sum(item.status is not Status.SKIPPED for item in run.coverage)


def _coverage(run: AuditRun) -> dict[str, Any]:
    statuses = _counts(Status, (item.status for item in run.coverage))
    return {
        "scopes": len(run.coverage),
        "complete": statuses[Status.COMPLETE.value],
        "gaps": len(run.gaps),
        "skipped": statuses[Status.SKIPPED.value],
        "unapproved": len(run.unapproved),
        "by_status": statuses,
    }


def _counts(keys: Iterable[StrEnum] | Iterable[str], found: Iterable[str]) -> Mapping[str, int]:
    counted = Counter(str(item) for item in found)
    return {str(key): counted[str(key)] for key in keys}
