"""Which report formats there are: one module of this package each, known by its file name."""

from __future__ import annotations

import difflib
import importlib
import re
from pathlib import Path
from types import ModuleType

from auditor.errors import ReportError
from auditor.model import AuditRun

_PARTS = (r"^EXTENSION\b", r"^MEDIA_TYPE\b", r"^def render\(")


def format_names() -> list[str]:
    """Return the names of all formats, sorted, without importing any of them.

    A module is a format if it defines EXTENSION, MEDIA_TYPE and `render` at its top level.
    """
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if _is_format(path))


def render(run: AuditRun, name: str) -> bytes:
    """Render a run in the named format; equal runs give equal bytes."""
    rendered = _load(name).render(run)
    if not isinstance(rendered, bytes):
        raise ReportError(f"report format {name} returned {type(rendered).__name__}, not bytes")
    return rendered


def extension(name: str) -> str:
    """Return the file name extension of a format, without the dot."""
    return str(_load(name).EXTENSION)


def media_type(name: str) -> str:
    """Return the media type of a format."""
    return str(_load(name).MEDIA_TYPE)


def _load(name: str) -> ModuleType:
    names = format_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise ReportError(
            f"there is no report format {name!r}", hint=f"{guess}formats: {', '.join(names)}"
        )
    return importlib.import_module(f"auditor.report.{name}")


def _is_format(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    return all(re.search(part, text, re.MULTILINE) for part in _PARTS)
