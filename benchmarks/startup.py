"""How long a command takes before it does anything, beside a bare interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.common import ROOT, Watch, folder, fresh, middle, table

ROUNDS = 7
INSTANCES = 1_000
_MAIN = "from auditor.cli.main import main; main()"


def report(scale: float) -> Iterator[str]:
    """Yield the table of start-up times."""
    count = round(INSTANCES * scale)
    with folder() as path:
        fresh("startup.prepare", path=str(path), instances=count)
        commands: dict[str, list[str]] = {
            "python -c pass": ["-c", "pass"],
            "import duckdb": ["-c", "import duckdb"],
            **{
                f"audit {' '.join(words)}": ["-c", _MAIN, *words]
                for words in (["--help"], ["version"], ["report"], ["report", "--json"])
            },
        }
        rounds = [
            {name: _run(words, path) for name, words in commands.items()} for _ in range(ROUNDS)
        ]
    found = {name: middle(r[name] for r in rounds) for name in commands}
    bare = found["python -c pass"].wall
    yield table(
        f"Start-up, median of {ROUNDS}; a store with one snapshot of {count:,} instances",
        ["command", "ms", "CPU ms", "x python -c pass"],
        [(name, w.wall * 1e3, w.cpu * 1e3, w.wall / bare) for name, w in found.items()],
    )


def prepare(path: str, instances: int) -> None:
    """Make a store that `audit report` can report on."""
    from auditor import pipeline
    from benchmarks.ledger import Ledger

    ledger = Ledger(Path(path) / "audit.duckdb")
    ledger.fill("aws_ec2_instances", instances)
    ledger.seal()
    pipeline.compare(ledger.config)


def _run(words: Sequence[str], path: Path) -> Watch:
    wall = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *words],
        cwd=path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return Watch(time.perf_counter() - wall, usage.ru_utime + usage.ru_stime)
