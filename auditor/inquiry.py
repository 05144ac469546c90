"""Questions that people ask the store: in SQL, about one resource, about one instance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from auditor import __version__
from auditor.baseline.compare import Comparison, compare
from auditor.baseline.log import read_log
from auditor.baseline.signatures import check_intact
from auditor.baseline.standing import approved_baseline, logged_version, logged_versions
from auditor.baseline.versions import versions
from auditor.baseline.waivers import waivers
from auditor.config import Config
from auditor.diff.explain import read_since, read_traffic
from auditor.diff.inventory import show_inventory
from auditor.diff.session import check_select, open_session
from auditor.errors import IntegrityError, UsageError
from auditor.model import Baseline, Finding, FindingStatus, TableSpec
from auditor.pipeline import past_run
from auditor.store.database import reading
from auditor.store.history import Resource, Version, find_resource, observed_at, timeline
from auditor.store.noise import Noise, noise
from auditor.store.snapshots import find_snapshot, latest_snapshot
from auditor.store.tables import table_specs
from auditor.store.verify import Stats, Verification, store_stats, verify_store

_EVER = datetime.min.replace(tzinfo=UTC)
"""A time at which no waiver has ended."""


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


def fired_most(config: Config, since: str | None = None) -> tuple[int, list[Noise]]:
    """Return since which snapshot, and what fired most since; by default in the whole history."""
    with reading(config.store) as con:
        last = find_snapshot(con, None).id
        first = find_snapshot(con, since).id + 1 if since else 1
        return first, noise(con, config.baseline.name, first, last)


def happened_since(config: Config, since: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that appeared, came back, changed or ended after a snapshot."""
    with reading(config.store) as con:
        moment = find_snapshot(con, since).sealed_at
    ended = (FindingStatus.REOPENED, FindingStatus.RESOLVED)
    return [
        f
        for f in findings
        if f.status in ended
        or any(at is not None and at > moment for at in (f.first_seen, f.changed_at))
    ]


def explain_instance(config: Config, text: str, snapshot: str | None = None) -> dict[str, Any]:
    """Return an instance, what may reach it and why, and what changed since the baseline.

    `since_baseline` has what the run that took the snapshot went by: its baseline and findings.
    """
    with reading(config.store) as con:
        resource = find_resource(con, text, kind="instance")
        number = find_snapshot(con, snapshot).id
    instance = _instance(config, resource, number, text)
    accepted, unread = read_traffic(config.store, resource, number)
    found = {
        "resource_id": resource.resource_id,
        "snapshot": number,
        "observed": instance.pop("observed"),
        "instance": instance,
        "allowed": [asdict(allowed) for allowed in accepted.allowed],
        "path": {
            "internet": any(path.ipv4 or path.ipv6 for path in accepted.paths),
            "interfaces": [asdict(path) for path in accepted.paths],
        },
        "problems": [asdict(problem) for problem in accepted.problems],
        "not_read": [asdict(table) for table in unread],
    }
    about = {resource.resource_id, *accepted.policies}
    return found | {"since_baseline": _since_baseline(config, resource, number, about)}


def compare_versions(
    config: Config, old: int, new: int, name: str | None = None
) -> tuple[Comparison, Baseline, Baseline]:
    """Return what two versions of a baseline approve differently, and the two."""
    with reading(config.store) as con:
        first, before = logged_version(con, config.baseline, old, name)
        second, after = logged_version(con, config.baseline, new, name)
        return compare(con, before, after), first, second


def due(config: Config, within: timedelta, *, at: datetime) -> list[dict[str, Any]]:
    """Return the baselines to review and the waivers that end until then, earliest first."""
    found: list[dict[str, Any]] = []
    with reading(config.store) as con:
        for name in sorted({b.name for b in versions(con)}):
            baseline = approved_baseline(con, config.baseline, name)
            if baseline is not None and baseline.review_due is not None:
                label = f"{name} v{baseline.version}"
                found.append(_due("baseline", label, baseline.review_due, baseline.approved_by))
            for waiver in waivers(config.baseline, at=at, name=name):
                owner = str(waiver.content["owner"])
                found.append(_due("waiver", waiver.fingerprint[:8], waiver.expires_at, owner))
    soon = [item for item in found if item["due"] <= at + within]
    return sorted(soon, key=lambda item: (item["due"], item["what"], item["name"]))


def _due(what: str, name: str, moment: datetime, owner: str) -> dict[str, Any]:
    return {"what": what, "name": name, "due": moment, "owner": owner}


def verify_everything(config: Config, *, described: bool = False) -> Verification:
    """Recompute all hashes of the store, the approval log, and the newest baseline.

    With `described`, what the store says of its tables is held against this program's tables,
    which needs the extras of the clouds.
    """
    with reading(config.store) as con:
        return verify_attached(con, config, described=described)


def verify_attached(
    con: duckdb.DuckDBPyConnection, config: Config, *, described: bool = False
) -> Verification:
    """Do what `verify_everything` does with the store that is attached."""
    result = verify_store(con)
    problems = [*result.problems, *(_misdescribed(con) if described else ())]
    for name in sorted({b.name for b in versions(con)} | {config.baseline.name}):
        try:
            if config.baseline.allowed_signers is not None:
                log = config.baseline.approvals
                check_intact(log, read_log(log))
            approved_baseline(con, config.baseline, name)
            for version in logged_versions(con, config.baseline, name):
                logged_version(con, config.baseline, version, name)
            waivers(config.baseline, at=_EVER, name=name)
        except IntegrityError as exc:
            problems.append(f"{exc.where}: {exc.message}" if exc.where else exc.message)
    return replace(result, problems=tuple(problems))


def _misdescribed(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the tables whose description in the store is not this program's, which wrote it."""
    from auditor.collect.clouds import specs

    newest = latest_snapshot(con)
    if newest is None or newest.tool_version != __version__:
        return
    known = {spec.name: _meaning(spec) for spec in specs()}
    for spec in table_specs(con):
        if spec.name in known and _meaning(spec) != known[spec.name]:
            yield f"{spec.name}: what table_info or column_info says of it was altered"


def _meaning(spec: TableSpec) -> tuple[object, ...]:
    """Return what a table's description means to comparisons; texts for people are left out."""
    columns = {(column.name, column.type, column.volatile) for column in spec.columns}
    return spec.cloud, spec.kind, spec.owner, dict(spec.gone), columns


def statistics(config: Config) -> Stats:
    """Return the size of the store."""
    with reading(config.store) as con:
        return store_stats(con)


def _instance(config: Config, resource: Resource, snapshot: int, text: str) -> dict[str, Any]:
    """Return an instance as the vocabulary has it; raises `UsageError` if it does not exist."""
    with open_session(config.store) as session:
        show_inventory(session, snapshot)
        session.lock()
        columns, rows = session.select(
            f"SELECT i.*, t.observed FROM instances i JOIN {resource.table} t "
            "USING (account_id, region, resource_id) "
            f"WHERE i.resource_id = {_quoted(resource.resource_id)}"
        )
    if not rows:
        raise UsageError(
            f"{resource.resource_id} does not exist in snapshot {snapshot}",
            hint=f"see what became of it: audit history {text}",
        )
    return dict(zip(columns, rows[0], strict=True))


def _since_baseline(
    config: Config, resource: Resource, snapshot: int, about: Collection[str]
) -> dict[str, Any]:
    try:
        run = past_run(config, str(snapshot))
    except UsageError:
        run = None  # NOTE: sealed and never compared; that is a fact, and no failure.
    baseline = run.baseline if run else None
    found: dict[str, Any] = {"baseline": None, "changes": [], "findings": []}
    if run is None or baseline is None:
        return found
    since = read_since(config.store, resource, snapshot, baseline)
    return {
        **asdict(since),
        "baseline": {"name": baseline.name, "version": baseline.version},
        "findings": [
            {
                "fingerprint": f.fingerprint,
                "severity": f.severity,
                "verdict": f.verdict,
                "status": f.status,
                "reason": f.reason,
            }
            for f in run.active
            if f.resource_id in about
        ],
    }


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
