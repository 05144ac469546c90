"""The fresh process of one measurement: calls a function, prints its result as JSON."""

from __future__ import annotations

import importlib
import json
import resource
import sys


def main() -> None:
    path, arguments = sys.argv[1:]
    module, _, function = path.rpartition(".")
    result = getattr(importlib.import_module(f"benchmarks.{module}"), function)(
        **json.loads(arguments)
    )
    if isinstance(result, dict):
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
