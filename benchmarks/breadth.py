"""Many accounts and regions with little in each: what a run costs per call, and what it waits for.

Every call takes 100 ms, and the simulated cloud has a process of its own. With `concurrency`
calls under way at once, no run can end before calls x latency / concurrency.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.common import folder, fresh, simulated_cloud, table

ACCOUNTS = 100
USUAL_SCALE = 0.1
"""The full size takes ten minutes: `python -m benchmarks breadth --scale 1`."""
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
)
INSTANCES = 2
"""In each region of each account."""
LATENCY = 0.1
CONCURRENCY = (32, 64)
ROLE = "audit-reader"
HEAD = (
    *("calls at once", "calls", "ideal s", "collected s", "x ideal", "sealed s"),
    *("CPU ms a call", "the cloud's", "peak MB", "sealed MB"),
)


def report(scale: float) -> Iterator[str]:
    """Yield wall time, CPU and memory at each concurrency; `scale` is the share of the accounts."""
    accounts = max(2, round(ACCOUNTS * scale))
    options = ["--accounts", str(accounts), "--regions", ",".join(REGIONS), "--warm"]
    rows = []
    for concurrency in CONCURRENCY:
        latency = ["--latency", str(LATENCY)]
        with simulated_cloud(INSTANCES, "aws", *options, *latency) as cloud:
            before = cloud.cpu()
            found = fresh("breadth.collected", concurrency=concurrency)
            served = cloud.cpu() - before
        ideal = cloud.calls * LATENCY / concurrency
        rows.append(_row(concurrency, cloud.calls, ideal, found, served))
    yield table(
        f"{accounts} accounts x {len(REGIONS)} regions, {LATENCY * 1000:.0f} ms a call",
        HEAD,
        rows,
    )


def _row(
    concurrency: int, calls: int, ideal: float, found: dict[str, float], served: float
) -> list[object]:
    return [
        concurrency,
        calls,
        ideal,
        found["collected"],
        found["collected"] / ideal,
        found["sealed"],
        found["cpu"] / calls * 1e3,
        served / calls * 1e3,
        round(found["collected_mb"]),
        round(found["peak_mb"]),
    ]


def collected(concurrency: int) -> dict[str, Any]:
    """Take a snapshot of all accounts; seconds until everything was read, and until the end."""
    from auditor import pipeline
    from auditor.collect.progress import Progress
    from auditor.config import Config

    class Clock(Progress):
        """Remembers when the last reading ended."""

        wall = cpu = memory = 0.0

        def advance(self, throttles: int) -> None:  # noqa: ARG002  # what all have
            self.wall, self.cpu = time.perf_counter(), time.process_time()
            self.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

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
        "rows": run.snapshot.rows,
    }
