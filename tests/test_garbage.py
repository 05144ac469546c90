"""What a collection changes for the whole process must not outlast it."""

from __future__ import annotations

import gc

import pyarrow as pa
import pytest

from auditor.collect.garbage import seldom_searched
from auditor.collect.memory import shared_by_threads


def test_the_usual_thresholds_return_whatever_happens() -> None:
    usual = gc.get_threshold()
    with pytest.raises(KeyError), seldom_searched():
        assert gc.get_threshold() > usual
        raise KeyError
    assert gc.get_threshold() == usual


def test_arrow_gets_its_own_allocator_back_whatever_happens() -> None:
    usual = pa.default_memory_pool().backend_name
    with pytest.raises(KeyError), shared_by_threads():
        assert pa.default_memory_pool().backend_name == "system"
        raise KeyError
    assert pa.default_memory_pool().backend_name == usual
