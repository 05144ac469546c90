"""Python's search for cycles of garbage, slowed down while rows stream by.

Answers and rows are hundreds of thousands of small dicts without cycles, freed when the last
reference goes; the search walks through them, and through the SDK's models, over and over.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_SELDOM = (100_000, 50, 1_000)
"""New containers before a search, and searches before older ones are looked at too."""


@contextlib.contextmanager
def seldom_searched() -> Iterator[None]:
    """Let the search for cycles run rarely in a block or a decorated function."""
    usual = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
