"""Many accounts and regions with little in each: what a run costs per call, and what it waits for.

Every call takes 100 ms. The measure of the wall time is calls x latency / concurrency: each reading
having one call under way, always. It is no limit, since a reading with a call per resource has up
to eight. The simulated cloud is a process of its own, so its CPU is known, but not its own machine:
"x at best" is what the CPU that both took, spread evenly over all processors, leaves possible.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.common import folder, fresh, simulated_cloud, table

ACCOUNTS = 100
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
)
INSTANCES = 2
"""In each region of each account."""
LATENCY = 0.1
CONCURRENCY = (16, 32, 64)
ROLE = "audit-reader"


@dataclass(frozen=True)
class Measured:
    """One run over all accounts."""

    concurrency: int
    calls: int
    served: float
    """Seconds of CPU of the simulated cloud."""
    found: dict[str, float]
    """What `collected` returned."""

    @property
    def ideal(self) -> float:
        """Seconds in which `concurrency` calls at a time are made."""
        return self.calls * LATENCY / self.concurrency

    @property
    def at_best(self) -> float:
        """Seconds that the processors allow: the cloud is one interpreter, so one processor."""
        both = (self.served + self.found["cpu"]) / _processors()
        return max(self.ideal, self.served, both)


def report(scale: float) -> Iterator[str]:
    """Yield wall time, then CPU and memory at each concurrency; `scale` is that of the accounts."""
    accounts = max(2, round(ACCOUNTS * scale))
    runs = [_measured(accounts, concurrency) for concurrency in CONCURRENCY]
    rows = f"{runs[0].found['rows']:,.0f} rows"
    where = f"{accounts} accounts x {len(REGIONS)} regions, all tables, {rows}"
    yield table(
        f"{where}, {LATENCY * 1000:.0f} ms a call: seconds",
        ["readings at once", "calls", "ideal", "collected", "x ideal", "x at best", "sealed too"],
        [
            (
                run.concurrency,
                run.calls,
                run.ideal,
                run.found["collected"],
                run.found["collected"] / run.ideal,
                run.at_best / run.ideal,
                run.found["sealed"],
            )
            for run in runs
        ],
    )
    yield table(
        f"CPU and peak memory of them, {_processors()} processors",
        [
            *("readings at once", "CPU ms a call", "the cloud's", "of the machine: ours"),
            *("the cloud's share", "MB collected", "MB sealed", "files open"),
        ],
        [
            (
                run.concurrency,
                run.found["cpu"] / run.calls * 1e3,
                run.served / run.calls * 1e3,
                _share(run, run.found["cpu"]),
                _share(run, run.served),
                round(run.found["collected_mb"]),
                round(run.found["peak_mb"]),
                round(run.found["files"]),
            )
            for run in runs
        ],
    )


def _measured(accounts: int, concurrency: int) -> Measured:
    options = ["--accounts", str(accounts), "--regions", ",".join(REGIONS), "--warm"]
    with simulated_cloud(INSTANCES, "aws", *options, "--latency", str(LATENCY)) as cloud:
        before = cloud.cpu()
        found = fresh("breadth.collected", concurrency=concurrency)
        served = cloud.cpu() - before
    return Measured(concurrency, cloud.calls, served, found)


def _share(run: Measured, seconds: float) -> str:
    return f"{seconds / run.found['collected'] / _processors():.0%}"


def _processors() -> int:
    return os.cpu_count() or 1


def collected(concurrency: int) -> dict[str, Any]:
    """Take a snapshot of all accounts; seconds until everything was read, and until the end."""
    from auditor import pipeline
    from auditor.collect.progress import Progress
    from auditor.config import Config

    class Clock(Progress):
        """Remembers when the last reading ended."""

        wall = cpu = memory = 0.0
        files = 0
        """The highest free file number: about as many are open."""

        def advance(self, throttles: int) -> None:  # noqa: ARG002  # what all have
            self.wall, self.cpu = time.perf_counter(), time.process_time()
            self.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            lowest = os.dup(0)
            os.close(lowest)
            self.files = max(self.files, lowest)

    clock = Clock()
    wall, cpu = time.perf_counter(), time.process_time()
    with folder() as path:
        config = Config.model_validate(
            {
                "store": {"path": path / "audit.duckdb"},
                "run": {"concurrency": concurrency},
                "aws": {"organization": {"role_name": ROLE}},
            }
        )
        run = pipeline.take_snapshot(config, progress=clock)
    if run.gaps:
        raise RuntimeError(f"{len(run.gaps)} gaps, first: {run.gaps[0]}")
    return {
        "collected": clock.wall - wall,
        "sealed": time.perf_counter() - wall,
        "cpu": clock.cpu - cpu,
        "collected_mb": clock.memory,
        "files": clock.files,
        "rows": run.snapshot.rows,
    }
