"""Calls per resource: several at once, their answers in order, no more ahead than needed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from queue import SimpleQueue
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
    jobs: SimpleQueue[tuple[Future[R], T] | None] = SimpleQueue()

    def submit(item: T) -> Future[R]:
        future: Future[R] = Future()
        jobs.put((future, item))
        return future

    ahead = deque(submit(item) for item in islice(waiting, 2 * WORKERS))
    # NOTE: a pool of the standard library is waited for at exit, so one call that hangs would
    # keep the process from ending at its deadline.
    workers = [
        threading.Thread(target=_work, args=(call, jobs), name=f"{name}-{number}", daemon=True)
        for number in range(min(WORKERS, len(ahead)))
    ]
    for worker in workers:
        worker.start()
    try:
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(submit(item) for item in islice(waiting, 1))
    finally:
        for future in ahead:
            future.cancel()
        for _ in workers:
            jobs.put(None)
        for worker in workers:
            worker.join()


def _work(call: Callable[[T], R], jobs: SimpleQueue[tuple[Future[R], T] | None]) -> None:
    while (job := jobs.get()) is not None:
        future, item = job
        if not future.set_running_or_notify_cancel():
            continue
        try:
            answer = call(item)
        except BaseException as exc:  # noqa: BLE001  # raised where the answer is waited for
            future.set_exception(exc)
        else:
            future.set_result(answer)
