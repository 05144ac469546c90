"""Slowing down the search for cycles must not outlast the collection."""

from __future__ import annotations

import gc

import pytest

from auditor.collect.garbage import seldom_searched


def test_the_usual_thresholds_return_whatever_happens() -> None:
    usual = gc.get_threshold()
    with pytest.raises(KeyError), seldom_searched():
        assert gc.get_threshold() > usual
        raise KeyError
    assert gc.get_threshold() == usual
