"""Shared by the report tests: golden files, and what they are compared with."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from auditor.model import AuditRun
from auditor.report.terminal import show

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, bytes], None]:
    """Compare bytes with a golden file, or rewrite it where AUDITOR_GOLDEN=1."""

    def compare(name: str, got: bytes) -> None:
        path = GOLDEN / name
        if os.environ.get("AUDITOR_GOLDEN") == "1":
            path.write_bytes(got)
        assert path.exists(), f"{name} is missing: run make golden"
        assert got.decode() == path.read_bytes().decode(), f"{name} differs: run make golden"

    return compare


def terminal(run: AuditRun, width: int = 80, **options: object) -> str:
    out = io.StringIO()
    show(run, Console(file=out, width=width, **options))  # type: ignore[arg-type]
    return out.getvalue()
