"""Bounds what the calls of one API family may spend on failures."""

from __future__ import annotations

import threading


class Budget:
    """What the calls of one (account, region, API family) may still spend on a kind of failure.

    Once a call has used up all its tries, later calls get a single one until one succeeds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: set[str] = set()

    def allows(self, kind: str, attempt: int, limit: int) -> bool:
        """Say whether a call that failed `attempt` times may be tried again."""
        with self._lock:
            if attempt >= limit:
                self._spent.add(kind)
            return kind not in self._spent

    def succeeded(self) -> None:
        """Refill: the service answers again."""
        if self._spent:
            with self._lock:
                self._spent.clear()
