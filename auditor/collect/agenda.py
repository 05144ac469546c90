"""Which reading comes next: fair between accounts, so that a slow one delays only itself."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import Generic, TypeVar

Owner = TypeVar("Owner")
Unit = TypeVar("Unit")


class Agenda(Generic[Owner, Unit]):
    """A queue of units by account; hands out the unit whose account has the fewest under way."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Owner, deque[Unit]] = defaultdict(deque)
        self._running: defaultdict[Owner, int] = defaultdict(int)
        self._changed = threading.Condition()

    def add(self, account: Owner, unit: Unit) -> None:
        """Queue a unit; units may add further ones while they run."""
        with self._changed:
            self._waiting[account].append(unit)
            self._changed.notify()

    def take(self) -> tuple[Owner, Unit] | None:
        """Return the next unit with its account; waits, and returns None when all is done."""
        with self._changed:
            while True:
                ready = [account for account, units in self._waiting.items() if units]
                if ready:
                    account = min(ready, key=self._running.__getitem__)
                    self._running[account] += 1
                    return account, self._waiting[account].popleft()
                if not any(self._running.values()):
                    self._changed.notify_all()
                    return None
                self._changed.wait()

    def done(self, account: Owner) -> bool:
        """Say that a unit of an account has ended; return whether it was the account's last."""
        with self._changed:
            self._running[account] -= 1
            self._changed.notify_all()
            return not self._running[account] and not self._waiting[account]

    def finished(self, timeout: float) -> bool:
        """Wait until nothing waits or runs; returns False when the time is over first."""
        with self._changed:
            return self._changed.wait_for(self._idle, timeout)

    def _idle(self) -> bool:
        return not any(self._waiting.values()) and not any(self._running.values())
