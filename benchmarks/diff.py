"""How long the drift queries take over a large estate, beside the join that any diff needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import Watch, folder, fresh, table, watched

INSTANCES, SHARE = 200_000, 0.005
PER_GROUP, RULES = 50, 10


def report(scale: float) -> Iterator[str]:
    """Yield the whole, its limit, and the slowest queries."""
    count = round(INSTANCES * scale)
    with folder() as path:
        fresh("diff.prepare", path=str(path), instances=count)
        whole = fresh("diff.whole", path=str(path))
        steps = fresh("diff.steps", path=str(path))
    limit = steps["limit"]
    groups = count // PER_GROUP
    yield table(
        f"Drift of {count:,} instances, {groups:,} groups, {groups * RULES:,} rules, "
        f"{SHARE:.1%} changed: {whole['findings']:,} findings, peak {whole['peak_mb']:,.0f} MB",
        ["what", "wall s", "CPU s", "x limit"],
        [
            ("limit: join keys, compare hashes, three tables", *limit, 1.0),
            ("find_drift, everything", *whole["took"], whole["took"][0] / limit[0]),
            ("of it: open, show sides and changes", *steps["open"], steps["open"][0] / limit[0]),
            ("of it: groups and policies", *steps["policies"], steps["policies"][0] / limit[0]),
            ("of it: all queries", *steps["queries"], steps["queries"][0] / limit[0]),
        ],
    )
    slowest = sorted(steps["each"].items(), key=lambda item: -item[1][0])[:5]
    yield table(
        "The slowest five queries",
        ["query", "wall s", "CPU s", "rows"],
        [(name, *took) for name, took in slowest],
    )


def prepare(path: str, instances: int) -> None:
    """Seal two snapshots, the second of them changed."""
    from benchmarks.estate import changed
    from benchmarks.ledger import Ledger

    groups = instances // PER_GROUP
    sizes = {
        "aws_ec2_instances": instances,
        "aws_ec2_security_groups": groups,
        "aws_ec2_security_group_rules": groups * RULES,
    }
    ledger = Ledger(Path(path) / "audit.duckdb")
    for name, size in sizes.items():
        ledger.fill(name, size)
    ledger.seal()
    for name, size in sizes.items():
        ledger.change(name, changed(size, SHARE, 1), 1)
    ledger.seal()


def whole(path: str) -> dict[str, Any]:
    """Compare snapshot 2 with the approved snapshot 1."""
    from auditor.diff.engine import find_drift
    from auditor.diff.queries import load_queries
    from auditor.diff.settings import load_settings
    from benchmarks.ledger import Ledger

    ledger = Ledger(Path(path) / "audit.duckdb")
    queries, settings = load_queries(()), load_settings()
    approved, coverage = ledger.approved(1), ledger.coverage(2)
    with watched() as watch:
        drift = find_drift(
            ledger.config.store,
            snapshot=2,
            coverage=coverage,
            approved=approved,
            queries=queries,
            settings=settings,
            severity={},
        )
    return {"took": _pair(watch), "findings": len(drift.findings)}


def steps(path: str) -> dict[str, Any]:
    """Do the same step by step, and the limit in the same session."""
    from auditor.config import BehaviourConfig
    from auditor.diff.behaviour import show_behaviour
    from auditor.diff.cohorts import show_cohorts
    from auditor.diff.engine import run_query
    from auditor.diff.queries import load_queries
    from auditor.diff.session import open_session, show_changes, show_sides
    from auditor.diff.settings import load_settings
    from auditor.policy.evaluate import evaluate
    from benchmarks.ledger import MAKERS, Ledger

    ledger = Ledger(Path(path) / "audit.duckdb")
    queries, settings = load_queries(()), load_settings()
    approved, coverage = ledger.approved(1), ledger.coverage(2)
    each: dict[str, tuple[float, float, int]] = {}
    with open_session(ledger.config.store) as session:
        with watched() as opening:
            show_sides(session, 2, coverage, approved)
            show_changes(session, settings)
        with watched() as preparing:
            show_cohorts(session.con)
            show_behaviour(session, BehaviourConfig())
            evaluate(session.con)
            session.lock()
        with watched() as limit:
            for name in MAKERS:
                session.con.execute(
                    f"SELECT count(*) FROM (SELECT account_id, region, resource_id, row_hash "
                    f"FROM store.inventory.{name} WHERE valid_from <= 1 AND valid_to > 1) b "
                    f"JOIN (SELECT account_id, region, resource_id, row_hash "
                    f"FROM store.inventory.{name} WHERE valid_from <= 2 AND valid_to > 2) s "
                    "USING (account_id, region, resource_id) WHERE b.row_hash <> s.row_hash"
                ).fetchall()
        with watched() as running:
            for query in queries:
                with watched() as watch:
                    rows = run_query(session, query)
                each[query.id] = (*_pair(watch), len(rows))
    return {
        "open": _pair(opening),
        "policies": _pair(preparing),
        "limit": _pair(limit),
        "queries": _pair(running),
        "each": each,
    }


def _pair(watch: Watch) -> tuple[float, float]:
    return watch.wall, watch.cpu
