"""Approve: make version n + 1 of a baseline out of version n and what a person accepts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from auditor.baseline.record import Decision, check_decision, last_version, signed_line, write_line
from auditor.baseline.standing import logged_version, standing
from auditor.baseline.versions import (
    Acceptance,
    Content,
    Override,
    content_of,
    covered,
    log_record,
    write_version,
)
from auditor.config import BaselineConfig
from auditor.errors import BaselineError
from auditor.model import Baseline, Coverage, Finding, Snapshot, Status, TableSpec, Verdict
from auditor.store.database import transaction
from auditor.store.snapshots import coverage_of
from auditor.store.tables import present, table_specs

_WHOLE_ROWS = (Verdict.NEW, Verdict.REMOVED, Verdict.REPLACED)
"""Verdicts about a resource as such: accepting one approves the resource's rows."""


@dataclass(frozen=True, slots=True)
class Approval(Decision):
    """Who approves, and why."""

    review_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval came to."""

    baseline: Baseline
    uncovered: tuple[Coverage, ...] = ()
    """Readings that were not complete: nothing of them was approved."""
    waiting: tuple[str, ...] = ()
    """Whose signatures it waits for before it is in force."""


def approve_snapshot(
    con: duckdb.DuckDBPyConnection,
    config: BaselineConfig,
    approval: Approval,
    snapshot: Snapshot,
    *,
    name: str | None = None,
    absorbed: Sequence[Finding] = (),
    accounts: Collection[str] = (),
) -> Approved:
    """Approve all completely read scopes of a snapshot; what was not read stays as it was.

    `absorbed` are the findings that this accepts; the approval log names them. With `accounts`,
    only these are approved, and the others stay as they were.
    """
    before = standing(con, config, name).baseline
    old = content_of(con, before) if before else Content({})
    coverage = [
        c for c in coverage_of(con, snapshot.id) if not accounts or c.scope.account_id in accounts
    ]
    fresh = {
        (c.table, c.scope): (snapshot.id, str(c.digest))
        for c in coverage
        if c.status is Status.COMPLETE
    }
    content = Content(
        scopes=old.scopes | fresh,
        overrides=tuple(o for o in old.overrides if not covered(fresh, o.table, o.scope)),
        acceptances=tuple(a for a in old.acceptances if not covered(fresh, a.table, a.scope)),
    )
    if not fresh:
        raise BaselineError(
            f"snapshot {snapshot.id} has no completely read scope",
            hint="audit report says what could not be read; run again when it is mended",
        )
    extra = _accepting(absorbed)
    approved = _write(con, config, approval, snapshot.id, before, content, name, extra)
    return replace(approved, uncovered=tuple(c for c in coverage if c.status.is_gap))


def approve_findings(
    con: duckdb.DuckDBPyConnection,
    config: BaselineConfig,
    approval: Approval,
    snapshot: Snapshot,
    findings: Sequence[Finding],
    *,
    name: str | None = None,
) -> Approved:
    """Approve single findings on top of the newest version."""
    before = standing(con, config, name).baseline
    if before is None:
        raise BaselineError(
            "there is no baseline that findings could be accepted into",
            hint="approve a whole snapshot first: audit baseline approve --reason TEXT",
        )
    old = content_of(con, before)
    scopes = dict(old.scopes)
    overrides = {(o.table, o.scope, o.resource_id): o for o in old.overrides}
    acceptances = {a.fingerprint: a for a in old.acceptances}
    specs = table_specs(con)
    coverage = {(c.table, c.scope): c.status for c in coverage_of(con, snapshot.id)}
    for finding in findings:
        if finding.resource_type == "scope" and finding.verdict is Verdict.UNKNOWN:
            for key in [k for k in scopes if k[1] == finding.scope]:
                if coverage.get(key) is not Status.COMPLETE:
                    del scopes[key]
        elif finding.verdict in _WHOLE_ROWS:
            for override in _rows_of(con, specs, finding, snapshot.id):
                overrides[override.table, override.scope, override.resource_id] = override
        else:
            acceptances[finding.fingerprint] = Acceptance(
                finding.resource_type, finding.scope, finding.fingerprint, finding.content_hash
            )
    content = Content(scopes, tuple(overrides.values()), tuple(acceptances.values()))
    extra = _accepting(findings)
    return _write(con, config, approval, snapshot.id, before, content, name, extra)


def roll_back(
    con: duckdb.DuckDBPyConnection,
    config: BaselineConfig,
    approval: Approval,
    version: int,
    *,
    name: str | None = None,
) -> Approved:
    """Approve the content of an older version again, as the next version."""
    before = standing(con, config, name).baseline
    restored, content = logged_version(con, config, version, name)
    if before is not None and before.digest == restored.digest:
        raise BaselineError(
            f"baseline {restored.name} v{before.version} is in force and approves the same",
            hint="audit baseline list shows the versions",
        )
    extra = {"action": "rollback", "restores": version}
    return _write(con, config, approval, restored.snapshot, before, content, name, extra)


def _accepting(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what the approval log says of the findings that are accepted."""
    return {"accepts": sorted(f.fingerprint for f in findings)}


def _write(
    con: duckdb.DuckDBPyConnection,
    config: BaselineConfig,
    approval: Approval,
    snapshot: int,
    before: Baseline | None,
    content: Content,
    name: str | None,
    extra: Mapping[str, Any] | None = None,
) -> Approved:
    name = name or config.name
    old = content_of(con, before) if before else Content({})
    check_decision(config, approval, accounts=content.changed_since(old))
    baseline = Baseline(
        name=name,
        version=last_version(config, name) + 1,
        snapshot=snapshot,
        digest=content.digest(),
        previous_digest=before.digest if before else None,
        prepared_by=approval.prepared_by,
        approved_by=approval.approved_by,
        approved_at=approval.at,
        reason=approval.reason,
        ticket=approval.ticket,
        review_due=approval.review_due,
        scopes=len(content.scopes),
    )
    line = signed_line(config, {**log_record(baseline), **(extra or {})}, at=approval.at)
    with transaction(con):
        write_version(con, baseline, content)
    # NOTE: the log comes last: a version without its line was never approved.
    write_line(config, line)
    if config.allowed_signers is None:
        return Approved(baseline)
    now = standing(con, config, name)
    in_force = now.baseline is not None and now.baseline.version == baseline.version
    return Approved(now.baseline if in_force and now.baseline else baseline, (), now.waiting)


def _rows_of(
    con: duckdb.DuckDBPyConnection, specs: Iterable[TableSpec], finding: Finding, snapshot: int
) -> list[Override]:
    """Return the rows that accepting a resource approves: its own and those it owns."""
    found: list[Override] = []
    for spec in specs:
        if spec.cloud != finding.scope.cloud:
            continue
        owned = f' OR t."{spec.owner}" = $id' if spec.owner else ""
        rows = con.execute(
            f"SELECT t.resource_id, bool_or(t.valid_from <= {snapshot} "
            f"AND t.valid_to > {snapshot} AND {present(spec, 't')}), "
            f"max(t.row_hash::VARCHAR) FILTER (t.valid_from <= {snapshot} "
            f"AND t.valid_to > {snapshot}) "
            f'FROM store.inventory."{spec.name}" t '
            "WHERE t.account_id = $account AND t.region = $region "
            f"AND (t.resource_id = $id{owned}) GROUP BY ALL",
            {
                "id": finding.resource_id,
                "account": finding.scope.account_id,
                "region": finding.scope.region,
            },
        ).fetchall()
        found += [
            Override(spec.name, finding.scope, resource_id, row_hash if is_there else None)
            for resource_id, is_there, row_hash in rows
        ]
    return found
