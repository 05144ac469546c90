"""What each report looks like, byte for byte; `AUDITOR_GOLDEN=1` rewrites the files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.report.formats import render

from .conftest import GOLDEN, terminal
from .sample import RUNS

FILES = [(name, kind) for name in RUNS for kind in ("json", "html")]


@pytest.mark.parametrize(("name", "kind"), FILES)
def test_file_equals_its_golden(name: str, kind: str, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{name}.{kind}", render(RUNS[name](), kind))


@pytest.mark.parametrize("name", RUNS)
def test_terminal_equals_its_golden(name: str, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{name}.txt", terminal(RUNS[name]()).encode())


def test_every_golden_belongs_to_a_run() -> None:
    expected = {f"{name}.{kind}" for name in RUNS for kind in ("json", "html", "txt")}
    assert {path.name for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize(("name", "kind"), FILES)
def test_rendering_twice_gives_equal_bytes(name: str, kind: str) -> None:
    assert render(RUNS[name](), kind) == render(RUNS[name](), kind)
