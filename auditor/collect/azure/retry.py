"""Sends one Azure call until it succeeds or gives up, and keeps the account of failures.

The SDK's retry policy is left out of the pipeline (`session.py`): its waits can be neither
interrupted nor bounded by the deadline of a run, and it does not retry malformed answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from auditor.collect.azure.errors import SDK_ERRORS, classify
from auditor.collect.budget import Budget
from auditor.collect.context import CollectContext

T = TypeVar("T")

RETRIED = {"throttled": 0.5, "unavailable": 0.1, "malformed": 0.1}
"""Kinds of failure that another try may cure, with the first wait in seconds."""

LONGEST_WAIT = 20.0
"""Cap of one wait in seconds that nobody asked for, whatever the number of tries."""

LONGEST_ASKED = 120.0
"""Cap of one wait in seconds that the service asked for with Retry-After."""


def send(
    request: Callable[[], T],
    context: CollectContext,
    *,
    operation: str,
    budget: Budget,
    login: str,
    endpoint: str,
) -> T:
    """Call `request` until it succeeds; raise the `CollectError` that its failure means."""
    attempt = 0
    while True:
        context.check()
        attempt += 1
        try:
            answer = request()
        except SDK_ERRORS as exc:
            failure = classify(exc, login, operation=operation, endpoint=endpoint)
            if failure is None:
                raise
            if failure.kind == "throttled":
                context.throttled()
            if failure.kind not in RETRIED or not budget.allows(
                failure.kind, attempt, context.max_attempts
            ):
                raise failure from exc
            context.sleep(_wait(exc, failure.kind, attempt))
        else:
            budget.succeeded()
            return answer


def _wait(error: Exception, kind: str, attempt: int) -> float:
    """Return how long to wait: as long as the service asks for, else exponential with jitter."""
    spread = random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret
    asked = _retry_after(error)
    if asked is not None:
        return min(LONGEST_ASKED, asked) + 0.2 * spread
    return min(LONGEST_WAIT, RETRIED[kind] * 2.0 ** (attempt - 1)) * spread


def _retry_after(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after") or "")
    return float(text) if text.isdecimal() else None
