"""What each report looks like, byte for byte; `AUDITOR_GOLDEN=1` rewrites the files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.report.formats import extension, format_names, render

from .conftest import GOLDEN, terminal
from .sample import RUNS

KINDS = sorted({*format_names()} - {"navigator", "xlsx"})
FILES = [(name, kind) for name in RUNS for kind in KINDS]


def file_name(name: str, kind: str) -> str:
    """Return `rich.json`, or `rich.ocsf.json` where the extension alone does not tell."""
    end = extension(kind)
    return f"{name}.{end}" if end == kind else f"{name}.{kind}.{end}"


@pytest.mark.parametrize(("name", "kind"), FILES)
def test_file_equals_its_golden(name: str, kind: str, golden: Callable[[str, bytes], None]) -> None:
    golden(file_name(name, kind), render(RUNS[name](), kind))


@pytest.mark.parametrize("name", RUNS)
def test_terminal_equals_its_golden(name: str, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{name}.txt", terminal(RUNS[name]()).encode())


def test_every_golden_belongs_to_a_run() -> None:
    expected = {file_name(*file) for file in FILES} | {f"{name}.txt" for name in RUNS}
    assert {path.name for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize(("name", "kind"), FILES)
def test_rendering_twice_gives_equal_bytes(name: str, kind: str) -> None:
    assert render(RUNS[name](), kind) == render(RUNS[name](), kind)
