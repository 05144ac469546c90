"""Arrow's memory while rows stream by, taken from the system's allocator.

Arrow's own one keeps blocks of each size for each thread. Sixty threads that make small batches
hold several hundred megabytes that way, for rows that fill a tenth of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pyarrow as pa


@contextlib.contextmanager
def shared_by_threads() -> Iterator[None]:
    """Let Arrow use the system's allocator in a block or a decorated function."""
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)
