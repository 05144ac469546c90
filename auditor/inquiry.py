"""Questions that people ask the store: in SQL, about one resource, about one instance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.baseline.versions import approved_baseline, versions
from auditor.config import Config
from auditor.diff.inventory import show_inventory
from auditor.diff.session import check_select, open_session
from auditor.errors import IntegrityError, UsageError
from auditor.pipeline import past_run
from auditor.store.database import reading
from auditor.store.history import Version, find_resource, observed_at, timeline
from auditor.store.snapshots import find_snapshot
from auditor.store.verify import Stats, Verification, store_stats, verify_store


def select(
    config: Config, sql: str, snapshot: str | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one SELECT over the inventory at a snapshot; returns column names and rows."""
    check_select(sql)
    with open_session(config.store) as session:
        number = find_snapshot(session.con, snapshot).id
        show_inventory(session, number)
        session.lock()
        return session.select(sql)


def resource_history(config: Config, text: str) -> dict[str, Any]:
    """Return the versions of one resource, and the snapshots that could not see it."""
    with reading(config.store) as con:
        resource = find_resource(con, text)
        versions = timeline(con, resource)
        seen = observed_at(con, resource)
    first = versions[0].valid_from
    return {
        "resource_id": resource.resource_id,
        "table": resource.table,
        "account_id": resource.scope.account_id,
        "region": resource.scope.region,
        "versions": [
            _described(version, versions[i - 1] if i else None)
            for i, version in enumerate(versions)
        ],
        "unobserved": [
            {"snapshot": number, "at": at, "status": status}
            for number, at, status in seen
            if number > first and status != "complete"
        ],
    }


def explain_instance(config: Config, text: str, snapshot: str | None = None) -> dict[str, Any]:
    """Return an instance, the policies that apply to it with their rules, and its findings."""
    with reading(config.store) as con:
        resource = find_resource(con, text, kind="instance")
        number = find_snapshot(con, snapshot).id
    with open_session(config.store) as session:
        show_inventory(session, number)
        session.lock()
        columns, rows = session.select(
            f"SELECT i.*, t.observed FROM instances i JOIN {resource.table} t "
            "USING (account_id, region, resource_id) "
            f"WHERE i.resource_id = {_quoted(resource.resource_id)}"
        )
        if not rows:
            raise UsageError(
                f"{resource.resource_id} does not exist in snapshot {number}",
                hint=f"see what became of it: audit history {text}",
            )
        instance = dict(zip(columns, rows[0], strict=True))
        ids = ", ".join(_quoted(p) for p in instance["policy_ids"] or [""])
        _, policies = session.select(
            "SELECT p.kind, p.name, p.policy_id, list(r.rule ORDER BY r.rule) "
            "FILTER (r.rule IS NOT NULL) FROM policies p LEFT JOIN rules r "
            "ON r.policy_resource_id = p.resource_id AND r.account_id = p.account_id "
            f"WHERE p.policy_id IN ({ids}) GROUP BY ALL ORDER BY ALL"
        )
    try:
        findings = past_run(config, str(number)).active
    except UsageError:
        findings = ()
    about = {resource.resource_id, *(p[2] for p in policies)}
    return {
        "resource_id": resource.resource_id,
        "snapshot": number,
        "observed": instance.pop("observed"),
        "instance": instance,
        "policies": [
            {"kind": kind, "name": name, "policy_id": policy_id, "rules": rules or []}
            for kind, name, policy_id, rules in policies
        ],
        "findings": [
            {
                "fingerprint": f.fingerprint,
                "severity": f.severity,
                "verdict": f.verdict,
                "status": f.status,
                "reason": f.reason,
            }
            for f in findings
            if f.resource_id in about or f.resource_id.rsplit("/", 1)[-1] in about
        ],
    }


def verify_everything(config: Config) -> Verification:
    """Recompute all hashes of the store, the approval log, and the newest baseline."""
    with reading(config.store) as con:
        result = verify_store(con)
        problems = list(result.problems)
        for name in sorted({b.name for b in versions(con)} | {config.baseline.name}):
            try:
                approved_baseline(con, config.baseline, name)
            except IntegrityError as exc:
                problems.append(f"{exc.where}: {exc.message}" if exc.where else exc.message)
    return replace(result, problems=tuple(problems))


def statistics(config: Config) -> Stats:
    """Return the size of the store."""
    with reading(config.store) as con:
        return store_stats(con)


def _described(version: Version, older: Version | None) -> dict[str, Any]:
    changes = version.changes_from(older) if older else {}
    return {
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "since": version.since,
        "until": version.until,
        "row_hash": version.row_hash,
        "first": older is None,
        "changes": {name: list(pair) for name, pair in changes.items()},
        "columns": version.columns,
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
