"""Run the drift queries over a snapshot and a baseline: rows -> findings."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from auditor.baseline.versions import Content
from auditor.config import BehaviourConfig, StoreConfig
from auditor.diff.attribution import attribute
from auditor.diff.behaviour import show_behaviour
from auditor.diff.cohorts import show_cohorts
from auditor.diff.session import (
    SIDES,
    Session,
    check_select,
    open_session,
    show_changes,
    show_sides,
)
from auditor.diff.settings import Setting
from auditor.diff.views import tables_behind
from auditor.errors import QueryContractError
from auditor.model import Coverage, Finding, Query, Scope, Severity, SkippedQuery, Status, Verdict
from auditor.policy.evaluate import evaluate
from auditor.store.hashing import digest
from auditor.store.selects import names_in

REQUIRED = ("account_id", "region", "resource_id", "verdict", "reason", "before", "after")
OPTIONAL = (
    "cloud",
    "detail_key",
    "severity",
    "title",
    "resource_type",
    "attack",
    "controls",
    "remediation",
)
_TYPED = {
    "before": "to_json({})::VARCHAR",
    "after": "to_json({})::VARCHAR",
    "attack": "{}::VARCHAR[]",
    "controls": "{}::VARCHAR[]",
}
"""How a column is read that is not plain text."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What the queries found."""

    findings: tuple[Finding, ...]
    evaluated: Mapping[str, frozenset[str]]
    """Ids of the queries that ran, each with the tables that it reads."""
    skipped: tuple[SkippedQuery, ...]
    unread: frozenset[tuple[str, Scope]]
    """Each (table, scope) that was asked for, or is approved, and was not read completely."""


def find_drift(
    config: StoreConfig,
    *,
    snapshot: int,
    coverage: Sequence[Coverage],
    approved: Content,
    queries: Iterable[Query],
    settings: Sequence[Setting],
    severity: Mapping[str, Severity],
    behaviour: BehaviourConfig | None = None,
) -> Drift:
    """Compare a snapshot with approved content; accepted findings are left out."""
    findings: dict[str, Finding] = {}
    evaluated: dict[str, frozenset[str]] = {}
    skipped: list[SkippedQuery] = []
    about_policies: set[str] = set()
    with open_session(config) as session:
        show_sides(session, snapshot, coverage, approved)
        show_changes(session, settings)
        show_cohorts(session.con)
        show_behaviour(session, behaviour or BehaviourConfig())
        evaluate(session.con)
        session.lock()
        known = _known_names(session)
        for query in queries:
            missing = [t for t in query.tables if t not in known]
            if missing:
                why = f"the store has no {', '.join(missing)}"
                skipped.append(SkippedQuery(query.id, why))
                continue
            _add(findings, query, run_query(session, query, severity.get(query.id)))
            evaluated[query.id] = tables_behind(session.con, query.sql)
            if any(name.startswith("policy.") for name in names_in(session.con, query.sql)):
                about_policies.add(query.id)
        found = attribute(
            session,
            snapshot=snapshot,
            coverage=coverage,
            approved=approved,
            findings=_with_evidence(session, findings.values()),
            about_policies=about_policies,
        )
    accepted = {(a.fingerprint, a.content_hash) for a in approved.acceptances}
    kept = [f for f in found if (f.fingerprint, f.content_hash) not in accepted]
    read = {(c.table, c.scope) for c in coverage if c.status is Status.COMPLETE}
    gaps = {(c.table, c.scope) for c in coverage if c.status.is_gap}
    return Drift(
        tuple(kept), evaluated, tuple(skipped), frozenset(gaps | (approved.scopes.keys() - read))
    )


def run_query(session: Session, query: Query, severity: Severity | None = None) -> list[Finding]:
    """Run one drift query in a locked session; `severity` overrides the query's own."""
    columns = _check_contract(session, query)
    chosen = ", ".join(f"{_TYPED.get(c, '{}::VARCHAR').format(c)} AS {c}" for c in columns)
    _, rows = session.select(
        f"SELECT {chosen} FROM (\n{query.sql}\n) AS found ORDER BY ALL", where=query.source
    )
    return [_finding(query, dict(zip(columns, row, strict=True)), severity) for row in rows]


def fingerprint(
    query_id: str, cloud: str, account_id: str, region: str, resource_id: str, detail: str | None
) -> str:
    """Return what makes a finding the same finding next time (32 hex digits)."""
    parts = [query_id, cloud, account_id, region, resource_id, detail or ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _add(findings: dict[str, Finding], query: Query, found: Iterable[Finding]) -> None:
    for finding in found:
        if finding.fingerprint in findings:
            raise QueryContractError(
                f"two rows for {finding.resource_id} {finding.detail_key or ''}".rstrip(),
                where=query.source,
                hint="a detail_key must tell rows of one resource apart",
            )
        findings[finding.fingerprint] = finding


def _check_contract(session: Session, query: Query) -> list[str]:
    check_select(query.sql, where=query.source)
    _, described = session.select(f"DESCRIBE {query.sql}", where=query.source)
    columns = [str(row[0]) for row in described]
    missing = [c for c in REQUIRED if c not in columns]
    unknown = [c for c in columns if c not in REQUIRED + OPTIONAL]
    if missing or unknown or len(set(columns)) != len(columns):
        what = [f"{c} is missing" for c in missing] + [f"{c} is unknown" for c in unknown]
        raise QueryContractError(
            "; ".join(what) or "a column stands twice",
            where=query.source,
            hint=f"columns: {', '.join(REQUIRED)}; optional: {', '.join(OPTIONAL)}",
        )
    return columns


def _finding(query: Query, row: dict[str, Any], override: Severity | None) -> Finding:
    for column in ("account_id", "region", "resource_id", "verdict", "reason"):
        if row[column] is None:
            raise QueryContractError(f"{column} is NULL", where=query.source)
    try:
        verdict = Verdict(row["verdict"])
        severity = override or Severity(row.get("severity") or query.severity)
    except ValueError as exc:
        raise QueryContractError(str(exc), where=query.source) from None
    if verdict not in query.verdicts:
        raise QueryContractError(
            f"verdict {verdict} is not among the header's verdicts", where=query.source
        )
    before = orjson.loads(row["before"]) if row["before"] is not None else None
    after = orjson.loads(row["after"]) if row["after"] is not None else None
    table = row.get("resource_type") or query.tables[0].split(".")[-1]
    cloud = row.get("cloud") or table.split("_")[0]
    detail = row.get("detail_key")
    scope = Scope(cloud, row["account_id"], row["region"])
    return Finding(
        fingerprint=fingerprint(
            query.id, cloud, scope.account_id, scope.region, row["resource_id"], detail
        ),
        query_id=query.id,
        verdict=verdict,
        severity=severity,
        scope=scope,
        resource_id=row["resource_id"],
        resource_type=table,
        title=row.get("title") or query.title,
        reason=row["reason"],
        before=before,
        after=after,
        detail_key=detail,
        attack=tuple(row.get("attack") or query.attack),
        controls=tuple(row.get("controls") or query.controls),
        content_hash=digest({"verdict": verdict.value, "before": before, "after": after}),
        remediation=row.get("remediation") or query.remediation,
    )


def _known_names(session: Session) -> set[str]:
    """Return the tables and views that a query may name; without a schema: of the snapshot."""
    rows = session.con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'memory' "
        "UNION ALL SELECT schema_name, view_name FROM duckdb_views() "
        "WHERE database_name = 'memory'"
    ).fetchall()
    plain = {name for schema, name in rows if schema in ("snapshot", "main")}
    return plain | {f"{schema}.{name}" for schema, name in rows}


def _with_evidence(session: Session, findings: Iterable[Finding]) -> list[Finding]:
    """Add the hashes of the rows that a finding speaks of."""
    by_table: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_table[finding.resource_type].append(finding)
    stored = {spec.name for spec in session.specs}
    done: list[Finding] = []
    for table, group in by_table.items():
        if table not in stored:
            done += group
            continue
        hashes = {side: _hashes(session, side, table, group) for side in SIDES}
        for finding in group:
            key = (finding.scope.account_id, finding.scope.region, finding.resource_id)
            done.append(
                replace(
                    finding,
                    before_row_hash=hashes["baseline"].get(key),
                    after_row_hash=hashes["snapshot"].get(key),
                )
            )
    return done


def _hashes(
    session: Session, side: str, table: str, findings: Sequence[Finding]
) -> dict[tuple[str, str, str], str]:
    rows = session.con.execute(
        f'SELECT account_id, region, resource_id, row_hash::VARCHAR FROM {side}."{table}" '
        "WHERE resource_id IN (SELECT unnest(?::VARCHAR[]))",
        [[f.resource_id for f in findings]],
    ).fetchall()
    return {(account, region, resource): value for account, region, resource, value in rows}
