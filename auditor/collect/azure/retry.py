"""Sends one Azure call until it succeeds or gives up; waits as long as the service asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.collect.azure.errors import SDK_ERRORS, classify
from auditor.collect.backoff import Budget, persist, wait
from auditor.collect.context import CollectContext

T = TypeVar("T")

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
    return persist(
        request,
        context,
        budget,
        errors=SDK_ERRORS,
        meaning=lambda exc: classify(exc, login, operation=operation, endpoint=endpoint),
        pause=_pause,
    )


def _pause(error: Exception, kind: str, attempt: int) -> float:
    asked = _retry_after(error)
    return wait(kind, attempt) if asked is None else min(LONGEST_ASKED, asked) + wait(kind, 1)


def _retry_after(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after") or "")
    return float(text) if text.isdecimal() else None
