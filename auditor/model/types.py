"""What stages of the pipeline hand to each other: plain, frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.model.words import GLOBAL, FindingStatus, Outcome, Severity, Status, Verdict

JsonValue = Any
"""A value that JSON can carry: None, bool, int, float, str, list or dict of these."""

Row = Mapping[str, Any]
"""One resource as a table's `transform` returns it: column name -> value."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A cloud, an account in it and a region of that: the unit that is read or not read."""

    cloud: str
    account_id: str
    """AWS account, Azure subscription or GCP project."""
    region: str
    """`global` for what has no region, `*` where the regions could not be listed."""

    def __str__(self) -> str:
        return f"{self.cloud}/{self.account_id}/{self.region}"

    @property
    def whole_account(self) -> Scope:
        """The scope of tables that are read for all regions of the account at once."""
        return Scope(self.cloud, self.account_id, GLOBAL)


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a table, without the SDK that defines it."""

    name: str
    type: str
    """DuckDB type: VARCHAR, BIGINT, BOOLEAN, TIMESTAMP, VARCHAR[] or JSON."""
    description: str
    volatile: bool


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table as the store knows it; what `collect` hands over and readers get back."""

    name: str
    cloud: str
    title: str
    description: str
    columns: tuple[ColumnSpec, ...]
    kind: str = "resource"
    """`instance` for virtual machines, else `resource`."""
    owner: str | None = None
    """Column with the resource_id of what a row is part of."""
    gone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column values of a resource that is still listed but no longer exists."""

    @property
    def hashed_columns(self) -> tuple[str, ...]:
        """Names of the columns that the row hash covers, sorted."""
        return tuple(sorted(c.name for c in self.columns if not c.volatile))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Outcome of one (table, scope) in one run."""

    table: str
    scope: Scope
    status: Status
    rows: int = 0
    """Resources read; stored only where the status is complete."""
    error_kind: str | None = None
    detail: str | None = None
    """One line for a person; never a response body."""
    digest: str | None = None
    """sha256 (hex) over the sorted resource ids and row hashes; only where complete."""
    approved: bool = False
    """Whether the baseline covers this (table, scope), so that it was compared."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Sealed inventory of one run."""

    id: int
    run_id: str
    started_at: datetime
    sealed_at: datetime
    tool_version: str
    config_digest: str
    rows: int
    digest: str
    """sha256 (hex) of the content of all complete scopes; equal content, equal digest."""
    previous_digest: str | None
    """`seal` of the snapshot before this one: the chain."""
    approval_head: str | None
    """sha256 of the last line of the approval log when this snapshot was sealed."""
    seal: str
    """sha256 (hex) over everything above and the coverage."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Content that people approved, as one version of a name."""

    name: str
    version: int
    snapshot: int
    """The snapshot that the latest acceptance looked at."""
    digest: str
    previous_digest: str | None
    prepared_by: str
    approved_by: str
    approved_at: datetime
    reason: str
    ticket: str | None = None
    review_due: datetime | None = None
    scopes: int = 0
    """Number of (table, scope) that this version covers."""
    signature: str | None = None
    """Always None: signatures are files beside the approval log."""
    signed_by: tuple[str, ...] = ()
    """Principals whose signatures were verified, the approver first; empty where unsigned."""

    @property
    def signed_text(self) -> str:
        """Whether it is signed, and by whom, in the words of every report."""
        return f"signed by {', '.join(self.signed_by)}" if self.signed_by else "unsigned"


@dataclass(frozen=True, slots=True)
class Query:
    """A drift query: its header, its SQL and where it came from."""

    id: str
    title: str
    description: str
    severity: Severity
    verdicts: tuple[Verdict, ...]
    attack: tuple[str, ...]
    controls: tuple[str, ...]
    tables: tuple[str, ...]
    false_positives: str
    remediation: str
    sql: str
    sha256: str
    source: str
    """File that holds the query."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a drift query, with a fingerprint that stays the same from run to run."""

    fingerprint: str
    """sha256 (32 hex digits) of query id, scope, resource id and detail key."""
    query_id: str
    verdict: Verdict
    severity: Severity
    scope: Scope
    resource_id: str
    resource_type: str
    """The table that holds the resource, or `scope`."""
    title: str
    reason: str
    before: JsonValue
    after: JsonValue
    detail_key: str | None
    attack: tuple[str, ...]
    controls: tuple[str, ...]
    content_hash: str
    """sha256 (hex) of verdict, before and after: what an acceptance binds to."""
    status: FindingStatus = FindingStatus.NEW
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    changed_at: datetime | None = None
    """When before, after or verdict last became different while the finding was open."""
    before_row_hash: str | None = None
    after_row_hash: str | None = None
    attribution: JsonValue = None
    waiver: JsonValue = None
    remediation: str = ""


@dataclass(frozen=True, slots=True)
class SkippedQuery:
    """A drift query that said nothing in this run, and why."""

    query_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class AuditRun:
    """Everything that one run found out: the input of every report."""

    snapshot: Snapshot
    baseline: Baseline | None
    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    """Worst first, then by query, scope and resource; those resolved in this run included."""
    outcome: Outcome
    fail_on: Severity
    tool_version: str
    inventory: Mapping[str, int] = field(default_factory=dict)
    """Resources held per table, in the complete scopes of this snapshot."""
    skipped_queries: tuple[SkippedQuery, ...] = ()
    problems: tuple[str, ...] = ()
    """What a person has to know besides findings: an integrity failure, an interrupted run."""
    next_steps: tuple[str, ...] = ()
    """Commands that make sense now, most useful first."""

    @property
    def exit_code(self) -> int:
        """What the process exits with."""
        return self.outcome.exit_code

    @property
    def gaps(self) -> tuple[Coverage, ...]:
        """Scopes that were to be read and were not read whole."""
        return tuple(c for c in self.coverage if c.status.is_gap)

    @property
    def unapproved(self) -> tuple[Coverage, ...]:
        """Scopes that were read whole and that nobody has approved yet."""
        return tuple(c for c in self.coverage if c.status is Status.COMPLETE and not c.approved)

    @property
    def active(self) -> tuple[Finding, ...]:
        """Findings that hold now: new, open, reopened or waived."""
        return tuple(f for f in self.findings if f.status is not FindingStatus.RESOLVED)
