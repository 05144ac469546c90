"""Run benchmarks and print their tables: `python -m benchmarks engine history`, or all."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.common import machine

HERE = Path(__file__).parent
NAMES = sorted(p.stem for p in HERE.glob("*.py") if "def report(scale" in p.read_text("utf-8"))
"""The modules that have something to report."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; all")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument(
        "--quick", action="store_const", dest="scale", const=0.1, help="a tenth of the size"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    print(machine(), flush=True)
    for name in options.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}\n", flush=True)
        for table in module.report(scale=options.scale):
            print(table + "\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
