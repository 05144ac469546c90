"""A bundle as a folder or as a zip: the same files, byte for byte, whenever it is written."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from auditor.errors import EvidenceError, IntegrityError, UsageError
from auditor.report.files import write_file
from auditor.store.hashing import canonical

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
FORMAT = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LARGEST = 8 * 2**30
"""Bytes that a zip may unpack to."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    sha256: str
    bytes: int


class _Manifest(BaseModel):
    """The form of a manifest."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int
    period: dict[Literal["label", "start", "end", "until"], str]
    frameworks: list[str]
    program: dict[Literal["name", "version", "duckdb"], str]
    snapshots: dict[Literal["first", "last", "seal_before", "last_seal"], int | str | None]
    approval_log: dict[Literal["lines", "head"], int | str | None]
    baselines: list[str]
    runs: int
    missed_runs: int | None
    gaps: int
    findings: dict[Literal["open", "waived", "accepted", "resolved"], int]
    signatures: list[str]
    files: list[_File]


def manifest(about: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Return the manifest in canonical form (RFC 8785): what the bundle is about, and its files."""
    listed = [
        {"name": name, "sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name])}
        for name in sorted(files)
    ]
    return canonical({"format": FORMAT, **about, "files": listed})


def sums(files: Mapping[str, bytes]) -> bytes:
    """Return what `sha256sum -c` reads."""
    lines = [f"{hashlib.sha256(files[n]).hexdigest()}  {n}\n" for n in sorted(files)]
    return "".join(lines).encode()


def write(files: Mapping[str, bytes], target: Path) -> None:
    """Write a bundle, whole or not at all; a zip where the name ends so.

    An earlier bundle in its place is replaced; anything else there is left, and `UsageError`.
    """
    if target.suffix == ".zip":
        write_file(target, _zipped(files))
        return
    is_other = target.exists() and not (target / MANIFEST).is_file()
    if is_other and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            "something that is no evidence is there already",
            where=str(target),
            hint="name another folder with --output",
        )
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        for name, content in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    except OSError as exc:
        shutil.rmtree(fresh, ignore_errors=True)
        raise EvidenceError(
            f"the evidence cannot be written: {exc.strerror}", where=str(target)
        ) from exc


def read(path: Path) -> dict[str, bytes]:
    """Return the files of a bundle by name; raises `UsageError` where there is none.

    Raises `IntegrityError` for a zip that is damaged, or whose names lead out of it.
    """
    if path.is_dir():
        found = {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*"))
            if file.is_file()
        }
    elif path.is_file():
        found = _unzipped(path)
    else:
        found = {}
    if MANIFEST not in found:
        raise UsageError(
            "there is no evidence",
            where=str(path),
            hint="name the folder or zip that audit evidence export wrote",
        )
    return found


def read_manifest(content: bytes) -> dict[str, Any]:
    """Return the manifest; raises `IntegrityError` where it was altered."""
    try:
        found = orjson.loads(content)
        form = _Manifest.model_validate(found)
    except (orjson.JSONDecodeError, ValidationError):
        raise _altered("it is no manifest") from None
    if form.format != FORMAT:
        raise EvidenceError(f"format {form.format} is not known", where=MANIFEST)
    names = [file.name for file in form.files]
    if canonical(found) != content or names != sorted(set(names)):
        raise _altered("it is not in canonical form")
    return dict(found)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            # NOTE: stored, since zlib of another machine compresses to other bytes.
            entry.compress_type = zipfile.ZIP_STORED
            entry.create_system = 3
            entry.external_attr = 0o100600 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def _unzipped(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _LARGEST:
                raise EvidenceError(f"it unpacks to more than {_LARGEST:,} bytes", where=str(path))
            found = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError) as exc:
        raise IntegrityError(
            f"the zip is damaged: {exc}", where=str(path), hint="ask for another copy"
        ) from exc
    if _zipped(found) != path.read_bytes():
        raise IntegrityError(
            "the zip is not as it was written", where=str(path), hint="ask for another copy"
        )
    return found


def _altered(why: str) -> IntegrityError:
    return IntegrityError(
        f"the manifest was altered: {why}", where=MANIFEST, hint="ask for another copy"
    )
