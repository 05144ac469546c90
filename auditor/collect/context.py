"""What bounds a collection: its deadline, its time-outs, and a way to stop it early.

One context is shared by everything that calls a cloud in one run, so that a single `stop()` ends
every wait and a single deadline holds for all clouds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from auditor.errors import CollectError
from auditor.model import Scope, Status


class CollectContext:
    """Deadline, time-outs and retry cap of one run; safe to share between threads."""

    def __init__(
        self,
        *,
        deadline: float,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        max_attempts: int = 5,
    ) -> None:
        self.deadline = deadline
        """When to give up, on the clock of `time.monotonic`."""
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.max_attempts = max_attempts
        """Tries of one API call, the first included."""
        self.since: Callable[[str, Scope], datetime] = _yesterday
        """From when on a table of events is read in a scope; what is older is in the store."""
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._throttles = 0

    def check(self) -> None:
        """Raise `CollectError` when the deadline has passed or the run was stopped."""
        if self._stopped.is_set():
            raise CollectError(
                "collection was stopped before this was read", status=Status.FAILED, kind="deadline"
            )
        if time.monotonic() >= self.deadline:
            raise CollectError(
                "the deadline of the run passed before this was read",
                status=Status.FAILED,
                kind="deadline",
                hint="raise run.deadline or run.concurrency, or read fewer accounts in one run",
            )

    def stop(self) -> None:
        """End every wait; each later `check` raises."""
        self._stopped.set()

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline, and no longer once the run is stopped."""
        left = self.deadline - time.monotonic()
        self._stopped.wait(max(0.0, min(seconds, left)))

    def throttled(self) -> None:
        """Count one answer that told us to slow down."""
        with self._lock:
            self._throttles += 1

    @property
    def throttles(self) -> int:
        """How often a cloud told us to slow down."""
        with self._lock:
            return self._throttles


def _yesterday(table: str, scope: Scope) -> datetime:  # noqa: ARG001  # the same for all
    return datetime.now(UTC) - timedelta(days=1)
