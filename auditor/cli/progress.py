"""The progress bar of a collection, on stderr and only on a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

from auditor.collect.progress import Progress


class BarProgress(Progress):
    """Shows readings done, rows, throttles and an estimate of the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("collecting"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rows]:,} rows"),
            TextColumn("{task.fields[throttles]} throttled"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("collect", total=0, rows=0, throttles=0)
        self._lock = threading.Lock()
        self._total = 0
        self._rows = 0

    def __enter__(self) -> BarProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def expect(self, readings: int) -> None:
        """Raise the number of readings to do."""
        with self._lock:
            self._total += readings
            self._bar.update(self._task, total=self._total)

    def advance(self, throttles: int) -> None:
        """Count a reading as done."""
        self._bar.update(self._task, advance=1, throttles=throttles)

    def rows(self, count: int) -> None:
        """Count rows."""
        with self._lock:
            self._rows += count
            self._bar.update(self._task, rows=self._rows)


@contextlib.contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """Show a progress bar where stderr is a terminal; else nothing."""
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    with BarProgress() as bar:
        yield bar
