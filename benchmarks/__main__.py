"""Run benchmarks and print their tables: `python -m benchmarks engine history policy`."""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.common import machine

NAMES = ("startup", "engine", "history", "diff", "policy", "rules")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    print(machine(), flush=True)
    for name in options.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}\n", flush=True)
        for table in module.report(scale=0.1 if options.quick else 1.0):
            print(table + "\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
