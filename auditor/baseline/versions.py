"""Baseline versions in the store: which content each covers, its digest, whether it verifies.

A version names, for each (table, scope), the snapshot whose content is approved; so approving
a whole snapshot costs a row per scope, however many resources that holds. Single acceptances
lie on top: overrides replace whole rows (a resource that is new, replaced or gone), and
acceptances silence one finding for as long as its exact content stays the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from auditor.model import Baseline, Scope
from auditor.store.hashing import utc
from auditor.store.tables import insert_columns

Key = tuple[str, Scope]
"""A table in a scope."""


@dataclass(frozen=True, slots=True)
class Override:
    """An approved row that replaces what the covered snapshot holds; no hash: approved as gone."""

    table: str
    scope: Scope
    resource_id: str
    row_hash: str | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that people accepted, with the content that they saw."""

    table: str
    scope: Scope
    fingerprint: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a version approves."""

    scopes: dict[Key, tuple[int, str]]
    """Snapshot and scope digest by (table, scope)."""
    overrides: tuple[Override, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()

    @property
    def accounts(self) -> set[str]:
        """The accounts that the version says something about."""
        return {scope.account_id for _, scope in self._parts()}

    def changed_since(self, other: Content) -> set[str]:
        """Return the accounts in which two versions approve something different."""
        return {scope.account_id for _, scope in self._parts() ^ other._parts()}

    def _parts(self) -> set[tuple[object, Scope]]:
        return {
            *(((key, digest), key[1]) for key, (_, digest) in self.scopes.items()),
            *((o, o.scope) for o in self.overrides),
            *((a, a.scope) for a in self.acceptances),
        }

    def digest(self) -> str:
        """Return the sha256 (hex) over everything that the version approves."""
        lines = [
            f"scope {table} {scope.cloud} {scope.account_id} {scope.region} {digest}\n"
            for (table, scope), (_, digest) in self.scopes.items()
        ]
        lines += [
            f"row {o.table} {o.scope.cloud} {o.scope.account_id} {o.scope.region} "
            f"{o.resource_id} {o.row_hash or 'gone'}\n"
            for o in self.overrides
        ]
        lines += [
            f"finding {a.table} {a.scope.cloud} {a.scope.account_id} {a.scope.region} "
            f"{a.fingerprint} {a.content_hash}\n"
            for a in self.acceptances
        ]
        return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def covered(keys: Collection[Key], table: str, scope: Scope) -> bool:
    """Say whether one of these scopes of tables holds the rows of a table in a scope."""
    return (table, scope) in keys or (table, scope.whole_account) in keys


def versions(con: duckdb.DuckDBPyConnection, name: str | None = None) -> list[Baseline]:
    """Return the versions that the store holds, oldest first."""
    rows = con.execute(
        "SELECT name, version, snapshot, digest, previous_digest, prepared_by, approved_by, "
        "approved_at, reason, ticket, review_due, scopes, signature FROM store.baseline_version "
        "WHERE name = coalesce(?, name) ORDER BY name, version",
        [name],
    ).fetchall()
    return [_baseline(row) for row in rows]


def content_of(con: duckdb.DuckDBPyConnection, baseline: Baseline) -> Content:
    """Return what a version approves."""
    which = [baseline.name, baseline.version]
    scopes = {
        (table, Scope(cloud, account, region)): (snapshot, digest)
        for table, cloud, account, region, snapshot, digest in con.execute(
            "SELECT table_name, cloud, account_id, region, snapshot, digest "
            "FROM store.baseline_scope WHERE name = ? AND version = ?",
            which,
        ).fetchall()
    }
    overrides = con.execute(
        "SELECT table_name, cloud, account_id, region, resource_id, row_hash::VARCHAR "
        "FROM store.baseline_override WHERE name = ? AND version = ? ORDER BY ALL",
        which,
    ).fetchall()
    acceptances = con.execute(
        "SELECT table_name, cloud, account_id, region, fingerprint, content_hash "
        "FROM store.baseline_acceptance WHERE name = ? AND version = ? ORDER BY ALL",
        which,
    ).fetchall()
    return Content(
        scopes,
        tuple(Override(t, Scope(c, a, r), *rest) for t, c, a, r, *rest in overrides),
        tuple(Acceptance(t, Scope(c, a, r), *rest) for t, c, a, r, *rest in acceptances),
    )


def write_version(con: duckdb.DuckDBPyConnection, baseline: Baseline, content: Content) -> None:
    """Store a version; one that an interrupted approval left behind is replaced."""
    for table in (
        "baseline_version",
        "baseline_scope",
        "baseline_override",
        "baseline_acceptance",
    ):
        con.execute(
            f"DELETE FROM store.{table} WHERE name = ? AND version >= ?",
            [baseline.name, baseline.version],
        )
    con.execute(
        "INSERT INTO store.baseline_version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            baseline.name,
            baseline.version,
            baseline.snapshot,
            baseline.digest,
            baseline.previous_digest,
            baseline.prepared_by,
            baseline.approved_by,
            utc(baseline.approved_at),
            baseline.reason,
            baseline.ticket,
            utc(baseline.review_due) if baseline.review_due else None,
            baseline.scopes,
            baseline.signature,
        ],
    )
    which = {"name": baseline.name, "version": baseline.version}
    insert_columns(
        con,
        "baseline_scope",
        which
        | _scope_columns(content.scopes)
        | {
            "snapshot": [snapshot for snapshot, _ in content.scopes.values()],
            "digest": [digest for _, digest in content.scopes.values()],
        },
    )
    insert_columns(
        con,
        "baseline_override",
        which
        | _scope_columns([(o.table, o.scope) for o in content.overrides])
        | {
            "resource_id": [o.resource_id for o in content.overrides],
            "row_hash": [o.row_hash for o in content.overrides],
        },
    )
    insert_columns(
        con,
        "baseline_acceptance",
        which
        | _scope_columns([(a.table, a.scope) for a in content.acceptances])
        | {
            "fingerprint": [a.fingerprint for a in content.acceptances],
            "content_hash": [a.content_hash for a in content.acceptances],
        },
    )


def log_record(baseline: Baseline) -> dict[str, Any]:
    """Return a version as the approval log records it."""
    due = baseline.review_due
    return {
        "action": "approve",
        **{k: v for k, v in asdict(baseline).items() if k != "signed_by"},
        "approved_at": utc(baseline.approved_at),
        "review_due": utc(due) if due else None,
    }


def _scope_columns(keys: Iterable[Key]) -> dict[str, Any]:
    keys = list(keys)
    return {
        "table_name": [table for table, _ in keys],
        "cloud": [scope.cloud for _, scope in keys],
        "account_id": [scope.account_id for _, scope in keys],
        "region": [scope.region for _, scope in keys],
    }


def _baseline(row: Sequence[Any]) -> Baseline:
    found = Baseline(*row)
    due = found.review_due
    return replace(
        found,
        approved_at=found.approved_at.replace(tzinfo=UTC),
        review_due=due.replace(tzinfo=UTC) if isinstance(due, datetime) else None,
    )
