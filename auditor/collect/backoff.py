"""How long to wait before another try, and when to stop trying: the same for every cloud."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from auditor.collect.context import CollectContext
from auditor.errors import CollectError

T = TypeVar("T")

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


def persist(
    request: Callable[[], T],
    context: CollectContext,
    budget: Budget,
    *,
    errors: tuple[type[Exception], ...],
    meaning: Callable[[Exception], CollectError | None],
    as_is: tuple[str, ...] = (),
    pause: Callable[[Exception, str, int], float] = lambda _, kind, attempt: wait(kind, attempt),
) -> T:
    """Call `request` until it succeeds or gives up, and keep the account of failures.

    `errors` are what the cloud's SDK raises and `meaning` says what one means. What it does not
    know, and kinds in `as_is`, which only the caller can judge, are raised as they are;
    everything else as the `CollectError`. The SDKs' own retries are switched off: their waits can
    be neither interrupted nor bounded by the deadline of a run, they do not retry cut-off answers,
    and each table would wait through the whole backoff in a region that answers only throttles.
    """
    attempt = 0
    while True:
        context.check()
        attempt += 1
        try:
            answer = request()
        except errors as exc:
            failure = meaning(exc)
            if failure is None or failure.kind in as_is:
                raise
            if failure.kind == "throttled":
                context.throttled()
            if failure.kind not in RETRIED or not budget.allows(
                failure.kind, attempt, context.max_attempts
            ):
                raise failure from exc
            context.sleep(pause(exc, failure.kind, attempt))
        else:
            budget.succeeded()
            return answer
