"""Sends one AWS call until it succeeds or gives up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.collect.aws.errors import SDK_ERRORS, classify
from auditor.collect.backoff import Budget, persist
from auditor.collect.context import CollectContext

T = TypeVar("T")


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
    return persist(
        request,
        context,
        budget,
        errors=SDK_ERRORS,
        meaning=lambda exc: classify(exc, login, operation=operation),
        as_is=("refused",),
    )
