"""What benchmarks share: stop watches, fresh processes, Markdown, the machine in words.

Imports the standard library only: a child's peak memory begins at that of its parent, so the
process that starts the measurements stays small.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    *("duckdb", "pyarrow", "orjson", "boto3"),
    *("azure-mgmt-compute", "google-cloud-compute"),
)
_LAST = {"aws": "AWS_SHARED_CREDENTIALS_FILE", "azure": "subscriptions", "gcp": "logging_endpoint"}
"""What the last line begins with in which each simulated cloud says how to read it."""


@dataclass
class Watch:
    """Seconds on the clock and of CPU (all threads) that a block took."""

    wall: float = 0.0
    cpu: float = 0.0


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Measure a block."""
    watch = Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield watch
    finally:
        watch.wall = time.perf_counter() - wall
        watch.cpu = time.process_time() - cpu


def middle(watches: Iterable[Watch]) -> Watch:
    """Return the median of wall and of CPU time."""
    watches = list(watches)
    return Watch(median(w.wall for w in watches), median(w.cpu for w in watches))


def fresh(function: str, **arguments: Any) -> Any:
    """Call `benchmarks.<module>.<function>` in a fresh process and return what it returned.

    A dict gets the key `peak_mb`: the most memory that the process held.
    """
    command = [sys.executable, "-m", "benchmarks.child", function, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def simulated_cloud(instances: int, cloud: str = "aws", *options: str) -> Iterator[Simulated]:
    """Serve an estate from a process of its own, and tell how to read it.

    For AWS, the environment of this process and its children points the SDKs at it.
    """
    command = [sys.executable, "-m", "auditor.simcloud", "--cloud", cloud]
    command += ["--instances", str(instances), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            lines: list[str] = []
            while not lines or not lines[-1].removeprefix("export ").startswith(_LAST[cloud]):
                lines.append(server.stdout.readline())
            if cloud == "aws":
                for line in lines:
                    name, _, value = line.removeprefix("export ").partition("=")
                    os.environ[name] = value.strip()
                section: dict[str, Any] = {"regions": ["us-east-1"]}
            else:
                section = tomllib.loads("".join(lines))[cloud]
            running = Simulated(server.pid, section)
            yield running
        finally:
            server.terminate()
        running.calls = int(server.stdout.read().split()[-2])


@dataclass
class Simulated:
    """A simulated cloud that is running, or was."""

    pid: int
    section: dict[str, Any]
    """The cloud's part of the configuration."""
    calls: int = 0
    """Requests that it received; known once it has ended."""

    def cpu(self) -> float:
        """Return the seconds of CPU that its process has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Return a folder that is removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="auditor-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; numbers are rounded to three digits."""
    lines = [f"**{title}**", "", _line(head), _line(["---"] * len(head))]
    return "\n".join([*lines, *(_line([shown(cell) for cell in row]) for row in rows)])


def shown(cell: object) -> str:
    """Return a cell as text."""
    if not isinstance(cell, float):
        return f"{cell:,}" if isinstance(cell, int) else str(cell)
    if abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.3g}"


def machine() -> str:
    """Return the machine and the versions in one line."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} x {_processor()}, {_memory()} GiB, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, {versions}"
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
