"""How long to wait before another try, and when to stop trying: the same for every cloud."""

from __future__ import annotations

import random
import threading

RETRIED = {"throttled": 0.5, "unavailable": 0.1, "malformed": 0.1}
"""Kinds of failure that another try may cure, with the first wait in seconds."""

LONGEST_WAIT = 20.0
"""Cap of one wait in seconds, whatever the number of tries."""


class Budget:
    """What the calls of one account to one API may still spend on one kind of failure.

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


def wait(kind: str, attempt: int) -> float:
    """Return the exponential backoff with half of it random, so that callers spread out."""
    longest = min(LONGEST_WAIT, RETRIED[kind] * 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret
