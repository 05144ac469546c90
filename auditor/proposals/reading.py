"""Read a file: which format each document in it has, and what it proposes."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import orjson

from auditor.errors import UsageError
from auditor.proposals import formats
from auditor.proposals.model import Document, Proposal, unusable


@cache
def format_modules() -> tuple[ModuleType, ...]:
    """Return the modules of all formats, sorted by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    return tuple(importlib.import_module(f"{formats.__name__}.{name}") for name in names)


@contextlib.contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Name the file in refusals, which know only the place in it."""
    try:
        yield
    except UsageError as exc:
        where = f"{path}: {exc.where}" if exc.where else str(path)
        raise UsageError(exc.message, where=where, hint=exc.hint) from exc.__cause__


def read_file(path: Path) -> list[Proposal]:
    """Return what a file proposes; raises `UsageError` for one that cannot be used."""
    try:
        text = path.read_bytes()
    except OSError as exc:
        raise unusable("", f"the file cannot be read: {exc.strerror}") from None
    if not text.strip():
        raise unusable("", "the file is empty", _hint())
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise unusable(
            f"line {exc.lineno}, column {exc.colno}",
            f"the file is no JSON: {exc.msg}",
            "a plan is written with: terraform show -json PLAN > plan.json",
        ) from None
    module = _module(document)
    if module is not None:
        return _read(module, document, "")
    if not isinstance(document, list) or not document:
        raise unusable("", "the form of the document is not known", _hint())
    found: list[Proposal] = []
    for number, item in enumerate(document):
        module = _module(item)
        if module is None:
            raise unusable(f"[{number}]", "the form of the document is not known", _hint())
        found += _read(module, item, f"[{number}] ")
    return found


def _module(document: Document) -> ModuleType | None:
    return next((m for m in format_modules() if m.recognises(document)), None)


def _read(module: ModuleType, document: Document, where: str) -> list[Proposal]:
    found: list[Proposal] = list(module.read(document, where))
    if not found and not getattr(module, "CAN_BE_EMPTY", False):
        raise unusable(
            where.strip(),
            f"there is no policy in it ({module.TITLE})",
            "an empty list does not say whose rules are gone",
        )
    return found


def _hint() -> str:
    return f"what can be read: {'; '.join(module.TITLE for module in format_modules())}"
