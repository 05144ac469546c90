"""How the suite is spread over its workers."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin each worker's share with its part of the slow end-to-end tests."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if "e2e" in item.path.parts]
    rest = [item for item in items if "e2e" not in item.path.parts]
    if workers == 1 or not slow:
        return
    share = -(-len(items) // workers)
    units: dict[str, list[pytest.Item]] = {}
    for item in slow:
        together = item.get_closest_marker("together")
        units.setdefault(str(item.path) if together else item.nodeid, []).append(item)
    spread: list[pytest.Item] = []
    for number in range(workers):
        mine = [item for unit in list(units.values())[number::workers] for item in unit]
        room = share - len(mine)
        spread += mine + rest[:room]
        rest = rest[room:]
    items[:] = spread + rest
