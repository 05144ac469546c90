"""Sends one AWS call until it succeeds or gives up, and keeps the account of failures.

The SDK's own retries are switched off (`session.py`): its waits can be neither interrupted nor
bounded by the deadline of a run, it does not retry cut-off answers, and nine tables would each
wait through the whole backoff in a region that answers nothing but throttles.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from auditor.collect.aws.errors import SDK_ERRORS, classify
from auditor.collect.budget import Budget
from auditor.collect.context import CollectContext

T = TypeVar("T")

RETRIED = {"throttled": 0.5, "unavailable": 0.1, "malformed": 0.1}
"""Kinds of failure that another try may cure, with the first wait in seconds."""

LONGEST_WAIT = 20.0
"""Cap of one wait in seconds, whatever the number of tries."""


def send(
    request: Callable[[], T],
    context: CollectContext,
    *,
    operation: str,
    budget: Budget,
    login: str,
) -> T:
    """Call `request` until it succeeds; raise what its failure means.

    Raises `CollectError` for failures that `classify` knows, else the SDK's own error.
    """
    attempt = 0
    while True:
        context.check()
        attempt += 1
        try:
            answer = request()
        except SDK_ERRORS as exc:
            failure = classify(exc, login, operation=operation)
            if failure is None or failure.kind == "refused":
                raise
            if failure.kind == "throttled":
                context.throttled()
            if failure.kind not in RETRIED or not budget.allows(
                failure.kind, attempt, context.max_attempts
            ):
                raise failure from exc
            context.sleep(_wait(failure.kind, attempt))
        else:
            budget.succeeded()
            return answer


def _wait(kind: str, attempt: int) -> float:
    """Return the exponential backoff with half of it random, so that callers spread out."""
    longest = min(LONGEST_WAIT, RETRIED[kind] * 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret
