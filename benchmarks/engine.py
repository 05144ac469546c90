"""What the engine costs per instance beside the SDK's own pager, and how much memory it holds.

Both read the same pages of the same simulated cloud, in turn, within one process. The pager
parses and throws away; the engine transforms, redacts, hashes, stages, and seals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.common import Watch, folder, fresh, middle, simulated_cloud, table, watched

TABLE = "aws_ec2_instances"
ROUNDS = 3
OVERHEAD_AT = 10_000
MEMORY_AT = (10_000, 50_000, 200_000)


def report(scale: float) -> Iterator[str]:
    """Yield overhead, its parts, and peak memory by size."""
    count = round(OVERHEAD_AT * scale)
    with simulated_cloud(count):
        found = fresh("engine.overhead", rounds=ROUNDS)
        parts = fresh("engine.parts")
    del found["peak_mb"]
    pager = found["boto3 pager, thrown away"]
    yield table(
        f"Microseconds per instance, {count:,} instances, median of {ROUNDS}, in turn",
        ["what", "wall", "CPU", "x pager, wall", "x pager, CPU"],
        [(name, wall, cpu, wall / pager[0], cpu / pager[1]) for name, (wall, cpu) in found.items()],
    )
    whole = sum(parts[name][1] for name in PARTS)
    yield table(
        f"Parts of it, one thread, {count:,} instances",
        ["part", "wall us", "CPU us", "share of CPU"],
        [(name, *parts[name], f"{100 * parts[name][1] / whole:.1f}%") for name in PARTS],
    )
    yield _memory([round(size * scale) for size in MEMORY_AT])


def _memory(sizes: list[int]) -> str:
    rows = []
    for size in sizes:
        with simulated_cloud(size):
            peaks = [fresh("engine.collected", seal=seal)["peak_mb"] for seal in (False, True)]
            pager = fresh("engine.paged")["peak_mb"] if size == sizes[0] else "-"
        rows.append((size, pager, *peaks))
    return table(
        "Peak memory in MB, each in a fresh process",
        ["instances", "boto3 pager", "collected and staged", "snapshot sealed"],
        rows,
    )


def overhead(rounds: int) -> dict[str, tuple[float, float]]:
    """Return microseconds per instance, wall and CPU, of the pager and of the engine."""
    ways: dict[str, Callable[[], int]] = {
        "boto3 pager, thrown away": _page,
        "engine, into the stage": lambda: _collect(seal=False),
        "audit collect: staged and sealed": lambda: _collect(seal=True),
    }
    watches: dict[str, list[Watch]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            with watched() as watch:
                count = way()
            if turn:  # NOTE: the first turn loads models and fills the cloud's cache.
                watches[name].append(watch)
    return {name: _micro(middle(found), count) for name, found in watches.items()}


def paged() -> dict[str, Any]:
    """Read all pages with the SDK alone."""
    return {"count": _page()}


def collected(seal: bool) -> dict[str, Any]:
    """Read all instances with the engine."""
    return {"count": _collect(seal=seal)}


def _page() -> int:
    import boto3

    pages = (
        boto3.client("ec2")
        .get_paginator("describe_instances")
        .paginate(IncludeManagedResources=True, PaginationConfig={"PageSize": 1000})
    )
    return sum(len(r["Instances"]) for page in pages for r in page["Reservations"])


def _config(path: Path) -> Any:
    from auditor.config import Config

    return Config.model_validate(
        {
            "store": {"path": path / "audit.duckdb"},
            "run": {"tables": [TABLE]},
            "aws": {"regions": ["us-east-1"]},
        }
    )


def _collect(*, seal: bool) -> int:
    from auditor import pipeline
    from auditor.collect.clouds import bounded_by
    from auditor.collect.engine import collect
    from auditor.collect.progress import Progress
    from auditor.store.stage import Stage

    with folder() as path:
        config = _config(path)
        if seal:
            return pipeline.take_snapshot(config).snapshot.rows
        with Stage(config.store.path, "bench") as stage:
            found = collect(
                config, stage.write, context=bounded_by(config.run), progress=Progress()
            )
            stage.finish()
        return sum(c.rows for c in found)


PARTS = (
    "fetch: request, parse, page",
    "transform",
    "prepare: redact, check, hash",
    "to Arrow",
    "stage",
    "seal, file opened and closed",
)


def parts() -> dict[str, tuple[float, float]]:
    """Return microseconds per instance of each part, run one after the other."""
    from auditor.collect.batch import prepare, to_batch
    from auditor.collect.clouds import bounded_by, session_of
    from auditor.collect.engine import BATCH_ROWS
    from auditor.collect.garbage import seldom_searched
    from auditor.config import Config
    from auditor.store.stage import Stage
    from benchmarks.ledger import table as table_of

    chosen = table_of(TABLE)
    with folder() as path, seldom_searched():
        config: Config = _config(path)
        account = session_of("aws").accounts(config, bounded_by(config.run))[0]
        account.open()
        (client,) = account.scopes(regional=True)
        next(iter(chosen.fetch(client)))
        took = []
        with watched() as watch:
            raws = list(chosen.fetch(client))
        took.append(watch)
        with watched() as watch:
            rows = [chosen.transform(raw, client.scope) for raw in raws]
        took.append(watch)
        with watched() as watch:
            good = [prepare(chosen, row) for row in rows]
        took.append(watch)
        with watched() as watch:
            waiting = iter(good)
            batches = []
            while chunk := list(islice(waiting, BATCH_ROWS)):
                batches.append(to_batch(chosen, chunk))
        took.append(watch)
        with Stage(config.store.path, "bench") as stage:
            with watched() as watch:
                for batch in batches:
                    stage.write(TABLE, batch)
                staged = stage.finish()
            took.append(watch)
            took.append(_sealed(config, client.scope, staged))
    return {name: _micro(watch, len(raws)) for name, watch in zip(PARTS, took, strict=True)}


def _sealed(config: Any, scope: Any, staged: dict[str, Path]) -> Watch:
    from datetime import UTC, datetime

    from auditor.collect.clouds import specs
    from auditor.model import Coverage, Status
    from auditor.store.database import writing
    from auditor.store.seal import SealRequest, seal

    now = datetime.now(UTC)
    request = SealRequest(
        run_id="bench",
        started_at=now,
        sealed_at=now,
        tool_version="bench",
        config_digest="",
        approval_head=None,
        specs=[spec for spec in specs() if spec.name == TABLE],
        staged=staged,
        coverage=[Coverage(TABLE, scope, Status.COMPLETE)],
    )
    with watched() as watch, writing(config.store, now=now) as con:
        seal(con, request)
    return watch


def _micro(watch: Watch, count: int) -> tuple[float, float]:
    return watch.wall / count * 1e6, watch.cpu / count * 1e6
