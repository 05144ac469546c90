"""The process's memory while rows stream by: many threads, small pieces, all soon free again.

Allocators keep what was freed for each thread that asked for it. Sixty threads that make small
batches hold several hundred megabytes that way, for rows that fill a tenth of it.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

import pyarrow as pa

_M_ARENA_MAX = -8
"""Number of the parameter in glibc's malloc.h."""
_ARENAS = 2


def share_arenas() -> None:
    """Let the threads of this process share arenas of the system's allocator.

    Heard only before the first eight arenas exist: call it before DuckDB starts its threads.
    """
    _system("mallopt", _M_ARENA_MAX, _ARENAS)


@contextlib.contextmanager
def shared_by_threads() -> Iterator[None]:
    """Let Arrow use the system's allocator in a block or a decorated function.

    What is free at the end goes back to the system, for what comes next.
    """
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)
        _system("malloc_trim", 0)


def _system(function: str, *arguments: int) -> None:
    """Call a function of glibc's allocator; systems without it do as they do."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        getattr(ctypes.CDLL(None), function)(*arguments)
