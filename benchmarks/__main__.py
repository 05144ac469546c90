"""Run benchmarks and print their tables: `python -m benchmarks engine history`, or all."""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.common import machine

NAMES = ("startup", "engine", "history", "diff", "rules", "breadth")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the usual size")
    parser.add_argument("--scale", type=float, help="share of the full size; breadth: usually 0.1")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    print(machine(), flush=True)
    for name in options.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}\n", flush=True)
        usual = getattr(module, "USUAL_SCALE", 1.0) * (0.1 if options.quick else 1.0)
        for table in module.report(scale=options.scale or usual):
            print(table + "\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
