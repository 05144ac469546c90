"""What autoscaling costs to explain: the steps over groups, and every query, by time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import folder, fresh, table, watched

INSTANCES = 1_000_000
SLOWEST = 5


def report(scale: float) -> Iterator[str]:
    """Yield the steps and the slowest queries."""
    count = round(INSTANCES * scale)
    with folder() as path:
        fresh("cohorts.prepare", path=str(path), instances=count)
        found = fresh("cohorts.compared", path=str(path))
    yield table(
        f"{count:,} instances, a tenth of the members replaced; peak {found['peak_mb']:,.0f} MB",
        ["step", "wall s", "CPU s"],
        sorted(((n, *took) for n, took in found["steps"].items()), key=lambda row: -row[2]),
    )
    slowest = sorted(found["queries"].items(), key=lambda item: -item[1][1])
    yield table(
        f"The {SLOWEST} queries that cost most, and those that found something",
        ["query", "wall s", "CPU s", "rows"],
        [(q, *took) for n, (q, took) in enumerate(slowest) if n < SLOWEST or took[2]],
    )


def prepare(path: str, instances: int) -> None:
    """Fill a store."""
    from auditor.config import StoreConfig
    from benchmarks.scaled import create_estate

    create_estate(StoreConfig(path=Path(path) / "audit.duckdb"), instances)


def compared(path: str) -> dict[str, Any]:
    """Run every step and every query over snapshot 2 beside snapshot 1."""
    from auditor.config import BehaviourConfig, StoreConfig
    from auditor.diff.behaviour import show_behaviour
    from auditor.diff.cohorts import show_cohorts
    from auditor.diff.engine import run_query
    from auditor.diff.queries import load_queries
    from auditor.diff.session import open_session, show_changes, show_sides
    from auditor.diff.settings import load_settings
    from auditor.policy.evaluate import evaluate
    from benchmarks.policy import Steps
    from benchmarks.scaled import compared_scopes

    coverage, approved = compared_scopes()
    steps, each = Steps(), {}
    with open_session(StoreConfig(path=Path(path) / "audit.duckdb")) as session:
        show_sides(session, 2, coverage, approved)
        show_changes(session, load_settings())
        with steps.listening("auditor.diff.cohorts"):
            show_cohorts(session.con)
        show_behaviour(session, BehaviourConfig())
        evaluate(session.con)
        session.lock()
        for query in load_queries(()):
            with watched() as watch:
                rows = run_query(session, query)
            each[query.id] = (watch.wall, watch.cpu, len(rows))
    return {"steps": steps.took, "queries": each}
