"""Calls per resource: several at once, their answers in order, no more ahead than needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 8
"""Calls per resource that one table has under way at once."""


def in_order(call: Callable[[T], R], items: Iterable[T], *, name: str) -> Iterator[R]:
    """Yield what `call` returns for each item in the order given; `name` names the threads.

    The first error is raised, and calls not yet started are dropped.
    """
    waiting = iter(items)
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix=name)
    try:
        ahead: deque[Future[R]] = deque(
            pool.submit(call, item) for item in islice(waiting, 2 * WORKERS)
        )
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(pool.submit(call, item) for item in islice(waiting, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
