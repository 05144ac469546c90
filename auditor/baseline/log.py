"""The approval log: JSON lines, each holding the sha256 of the line before it.

It can be checked without this program: hash each line (without its newline) with sha256sum and
compare with `previous` of the next. The hash of the last line is anchored in every snapshot,
so that a cut tail is found as well.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from auditor.errors import BaselineError, IntegrityError
from auditor.store.hashing import canonical


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    sha256: str
    """Hash (hex) of the line's bytes."""
    content: Mapping[str, Any]
    number: int
    """Counted from 1."""
    line: bytes
    """Without its newline."""

    @property
    def approved_at(self) -> datetime:
        """When it was decided."""
        return datetime.fromisoformat(str(self.content["approved_at"]))

    @property
    def data(self) -> bytes:
        """What is signed: the line as `sed -n 2p` prints it."""
        return self.line + b"\n"


def read_log(path: Path) -> list[Entry]:
    """Return the entries, oldest first; raises `IntegrityError` where the chain is broken."""
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as exc:
        raise BaselineError("the approval log cannot be read", where=str(path)) from exc
    if lines.pop() != b"":
        raise _broken(path, len(lines) + 1, "the last line has no end")
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=1):
        content = _parsed(path, number, line)
        if content.get("previous") != (entries[-1].sha256 if entries else None):
            raise _broken(path, number, "does not continue the line before it")
        entries.append(Entry(hashlib.sha256(line).hexdigest(), content, number, line))
    return entries


def head(path: Path) -> str | None:
    """Return the hash of the last line, or None for an empty log."""
    entries = read_log(path)
    return entries[-1].sha256 if entries else None


def following(path: Path, content: Mapping[str, Any]) -> Entry:
    """Return the line that would come next, so that it can be signed before it is written."""
    entries = read_log(path)
    number = len(entries) + 1
    line = canonical(
        {**content, "seq": number, "previous": entries[-1].sha256 if entries else None}
    )
    return Entry(hashlib.sha256(line).hexdigest(), orjson.loads(line), number, line)


def append(path: Path, entry: Entry) -> None:
    """Add a line that `following` made; the caller holds the run lock."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(entry.data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise BaselineError(
            f"the approval log cannot be written: {exc.strerror}",
            where=str(path),
            hint="nothing was approved",
        ) from exc


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _broken(path, number, "not JSON") from None
    if not isinstance(content, dict) or canonical(content) != line:
        raise _broken(path, number, "not in canonical form")
    if content.get("seq") != number:
        raise _broken(path, number, f"says it is line {content.get('seq')}")
    return content


def _broken(path: Path, line: int, why: str) -> IntegrityError:
    return IntegrityError(
        f"the approval log was altered: {why}",
        where=f"{path}:{line}",
        hint="restore the file from a copy that you trust; the baseline is refused until then",
    )
