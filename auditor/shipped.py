"""The files that ship beside the code: queries, baselines, the example configuration."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from auditor.errors import QueryHeaderError

_HEADER = re.compile(r"\A\s*/\*(?P<toml>.*?)\*/(?P<sql>.*)\Z", re.DOTALL)


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder, such as `queries`.

    An installed wheel carries them inside the package; a checkout has them at its top level.
    """
    package = Path(__file__).parent
    inside = package / "_shipped" / name
    return inside if inside.exists() else package.parent / name


def rule_files() -> dict[str, Path]:
    """Return what comparisons go by, sorted: path inside `queries`, and where it is."""
    folder = shipped("queries")
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".sql", ".toml"))
    return {path.relative_to(folder).as_posix(): path for path in files}


def file_version(path: Path) -> tuple[int, int]:
    """Return what tells versions of a file apart: a cache that has it never shows an old one."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def split_header(path: Path) -> tuple[Mapping[str, Any], str]:
    """Return the TOML header of a `.sql` file and the SQL after it."""
    try:
        return _split_header(path, file_version(path))
    except (OSError, UnicodeDecodeError) as exc:
        raise QueryHeaderError("the file cannot be read", where=str(path)) from exc


@lru_cache(maxsize=512)
def _split_header(path: Path, _version: tuple[int, int]) -> tuple[Mapping[str, Any], str]:
    match = _HEADER.match(path.read_text(encoding="utf-8"))
    if match is None:
        raise QueryHeaderError("the file must begin with a /* TOML header */", where=str(path))
    try:
        return tomllib.loads(match["toml"]), match["sql"].strip().rstrip(";")
    except tomllib.TOMLDecodeError as exc:
        raise QueryHeaderError(f"the header is not valid TOML: {exc}", where=str(path)) from None
