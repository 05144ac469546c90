"""What the engine costs per instance beside the SDK's own pager, and how much memory it holds.

Both read the same pages of the same simulated cloud, in turn, within one process. The pager
parses and throws away; the engine transforms, redacts, hashes, stages, and seals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from benchmarks.common import Watch, folder, fresh, middle, simulated_cloud, table, watched
from benchmarks.pagers import SUBJECTS, Section, config

ROUNDS = 3
OVERHEAD_AT = 10_000
MEMORY_AT = (10_000, 50_000, 200_000)


def report(scale: float) -> Iterator[str]:
    """Yield overhead and its parts for each cloud, and peak memory by size."""
    count = round(OVERHEAD_AT * scale)
    found, parts = {}, {}
    for cloud in SUBJECTS:
        with simulated_cloud(count, cloud) as running:
            found[cloud] = fresh(
                "engine.overhead", cloud=cloud, section=running.section, rounds=ROUNDS
            )
            parts[cloud] = fresh("engine.parts", cloud=cloud, section=running.section)
    yield table(
        f"Microseconds of CPU per instance, {count:,} instances, median of {ROUNDS}, in turn",
        ["cloud", "SDK's pager", "thrown away", "into the stage", "x pager", "goal", "sealed"],
        [_overhead_row(cloud, found[cloud]) for cloud in SUBJECTS],
    )
    yield table(
        f"Parts of it in microseconds of CPU, one thread, {count:,} instances",
        ["cloud", *PARTS, "into the stage"],
        [_parts_row(cloud, parts[cloud]) for cloud in SUBJECTS],
    )
    yield _memory([round(size * scale) for size in MEMORY_AT])


def _overhead_row(cloud: str, found: dict[str, float]) -> list[object]:
    subject, pager = SUBJECTS[cloud], found["pager"]
    stage, sealed = found["stage"], found["sealed"]
    return [cloud, subject.sdk, pager, stage, stage / pager, subject.goal, sealed]


def _parts_row(cloud: str, parts: dict[str, float]) -> list[object]:
    whole = sum(parts[name] for name in PARTS)
    return [cloud, *(f"{parts[name]:.0f} ({parts[name] / whole:.0%})" for name in PARTS), whole]


def _memory(sizes: list[int]) -> str:
    rows = []
    for size in sizes:
        with simulated_cloud(size) as running:
            given = {"cloud": "aws", "section": running.section}
            peaks = [fresh("engine.collected", **given, seal=s)["peak_mb"] for s in (False, True)]
            pager = fresh("engine.paged", **given)["peak_mb"] if size == sizes[0] else "-"
        rows.append((size, pager, *peaks))
    return table(
        "Peak memory in MB, each in a fresh process, AWS",
        ["instances", "boto3 pager", "collected and staged", "snapshot sealed"],
        rows,
    )


def overhead(cloud: str, section: Section, rounds: int) -> dict[str, float]:
    """Return microseconds of CPU per instance, of the pager and of the engine."""
    ways: dict[str, Callable[[], int]] = {
        "pager": lambda: SUBJECTS[cloud].page(section),
        "stage": lambda: _collect(cloud, section, seal=False),
        "sealed": lambda: _collect(cloud, section, seal=True),
    }
    watches: dict[str, list[Watch]] = {name: [] for name in ways}
    counts = set()
    for turn in range(rounds + 1):
        for name, way in ways.items():
            with watched() as watch:
                counts.add(way())
            if turn:  # NOTE: the first turn loads models and fills the cloud's cache.
                watches[name].append(watch)
    (count,) = counts
    return {name: _micro(middle(found), count) for name, found in watches.items()}


def paged(cloud: str, section: Section) -> dict[str, Any]:
    """Read all pages with the SDK alone."""
    return {"count": SUBJECTS[cloud].page(section)}


def collected(cloud: str, section: Section, *, seal: bool) -> dict[str, Any]:
    """Read all instances with the engine."""
    return {"count": _collect(cloud, section, seal=seal)}


def _collect(cloud: str, section: Section, *, seal: bool) -> int:
    from auditor import pipeline
    from auditor.collect.clouds import bounded_by
    from auditor.collect.engine import collect
    from auditor.collect.progress import Progress
    from auditor.store.stage import Stage

    with folder() as path:
        settings = config(cloud, section, path)
        if seal:
            return pipeline.take_snapshot(settings).snapshot.rows
        with Stage(settings.store.path, "bench") as stage:
            found = collect(
                settings, stage.write, context=bounded_by(settings.run), progress=Progress()
            )
            stage.finish()
        return sum(c.rows for c in found)


PARTS = ("fetch", "transform", "redact, check, hash", "stage")


def parts(cloud: str, section: Section) -> dict[str, float]:
    """Return microseconds of CPU per instance of each part, run one after the other."""
    from auditor.collect.batch import prepare, to_batch
    from auditor.collect.clouds import bounded_by, session_of
    from auditor.collect.engine import BATCH_ROWS
    from auditor.collect.garbage import seldom_searched
    from auditor.store.stage import Stage
    from benchmarks.ledger import table as table_of

    chosen = table_of(SUBJECTS[cloud].table)
    with folder() as path, seldom_searched():
        settings = config(cloud, section, path)
        account = session_of(cloud).accounts(settings, bounded_by(settings.run))[0]
        account.open()
        (client,) = chosen.resolver.multiplex(account)
        took: list[list[Watch]] = []
        for _ in range(ROUNDS + 1):
            with watched() as fetching:
                raws = list(chosen.fetch(client))
            with watched() as transforming:
                rows = [chosen.transform(raw, client.scope) for raw in raws]
            with watched() as preparing:
                waiting = iter([prepare(chosen, row) for row in rows])
            with watched() as staging, Stage(settings.store.path, "bench") as stage:
                while chunk := list(islice(waiting, BATCH_ROWS)):
                    stage.write(chosen.name, to_batch(chosen, chunk))
                stage.finish()
            took.append([fetching, transforming, preparing, staging])
        account.close()
    # NOTE: the first round loads models.
    return {
        name: _micro(middle(watches), len(raws))
        for name, watches in zip(PARTS, zip(*took[1:], strict=True), strict=True)
    }


def _micro(watch: Watch, count: int) -> float:
    return watch.cpu / count * 1e6
