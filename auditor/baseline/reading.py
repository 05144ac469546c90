"""Read an exported baseline, and refuse it where a single byte was altered.

What is trusted is the approval log: its newest line of the baseline, with its signatures, holds
the digest of the lists, these hold the digests of the rows, and each row its own hash. The sums in
the manifest only help to name the file.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from auditor.baseline.exported import FORMAT, LOG, MANIFEST, as_stored
from auditor.baseline.log import Entry, read_log
from auditor.baseline.signatures import check_intact, signers
from auditor.baseline.versions import Acceptance, Content, Override
from auditor.config import BaselineConfig
from auditor.errors import BaselineError, IntegrityError
from auditor.model import Baseline, Scope
from auditor.store.digests import EMPTY_DIGEST
from auditor.store.hashing import canonical, hash_of

Rows = dict[Scope, dict[str, tuple[str, Mapping[str, Any]]]]
"""By the scope of the row and resource_id: its hash and its columns as the store holds them."""


@dataclass(frozen=True, slots=True)
class Export:
    """An exported baseline that verified."""

    path: Path
    baseline: Baseline
    content: Content
    """Its scopes name no snapshot of this machine yet."""
    rows: dict[str, Rows] = field(repr=False)
    overridden: dict[tuple[str, Scope, str], Mapping[str, Any]] = field(repr=False)
    """Rows that overrides approve, by table, scope and resource_id."""

    @property
    def log(self) -> Path:
        """Its approval log."""
        return self.path / LOG


def read_export(path: Path, config: BaselineConfig) -> Export:
    """Read and verify; raises `IntegrityError` with file and line, `BaselineError` for none."""
    try:
        return _verified(path, config)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise _altered(path, None, "its files do not have the form of an export") from exc


def _verified(path: Path, config: BaselineConfig) -> Export:
    manifest = _manifest(path)
    json = {table: set(names) for table, names in manifest["json_columns"].items()}
    _check_sums(path, manifest["files"], json)
    log = path / LOG
    entry = _approval(log, str(manifest["name"]), config)
    for key in ("version", "digest"):
        if manifest.get(key) != entry.content[key]:
            raise _altered(path / MANIFEST, 1, f"{key} is not the one that was approved")
    rows = {
        file.stem: _rows(file, json.get(file.stem, set()))
        for file in sorted((path / "tables").glob("*.jsonl"))
    }
    content, overridden = _content(path, json)
    if content.digest() != entry.content["digest"]:
        raise _altered(path / "scopes.jsonl", None, "the lists are not what was approved")
    _check_scopes(path, content, rows)
    return Export(path, _baseline(entry), content, rows, overridden)


def _manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST
    if not file.is_file():
        raise BaselineError(
            "there is no exported baseline", where=str(path), hint="audit baseline export"
        )
    document = _line(file, 1, file.read_bytes().removesuffix(b"\n"))
    wanted = {"format": int, "name": str, "files": dict, "json_columns": dict}
    for key, kind in wanted.items():
        if not isinstance(document.get(key), kind):
            raise _altered(file, 1, f"no {key}")
    if document["format"] != FORMAT:
        raise BaselineError(f"format {document['format']} is not known", where=str(file))
    return document


def _check_sums(path: Path, files: Mapping[str, str], json: Mapping[str, set[str]]) -> None:
    there = {str(f.relative_to(path)) for f in path.rglob("*") if f.is_file()} - {MANIFEST}
    for name in sorted(there ^ files.keys()):
        why = "the manifest does not list it" if name in there else "it is missing"
        raise _altered(path / name, None, why)
    for name, digest in files.items():
        content = (path / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            file = path / name
            line = _broken_line(file, content, json.get(file.stem, set()))
            raise _altered(file, line, "its sum differs")


def _broken_line(file: Path, content: bytes, json: set[str]) -> int | None:
    """Return the first line that contradicts itself: no JSON, not canonical, another hash."""
    if file.suffix != ".jsonl":
        return None
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            if file.parent.name == "tables":
                _row(file, number, line, json)
            else:
                _line(file, number, line)
        except IntegrityError:
            return number
    return None


def _line(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _altered(file, number, "not JSON") from None
    if not isinstance(found, dict) or canonical(found) != line:
        raise _altered(file, number, "not in canonical form")
    return found


def _approval(log: Path, name: str, config: BaselineConfig) -> Entry:
    entries = read_log(log)
    local = config.model_copy(update={"approvals": log})
    found = [e for e in entries if e.content.get("name") == name and "version" in e.content]
    if not found:
        raise _altered(log, None, f"no approval of baseline {name}")
    if local.allowed_signers is not None:
        check_intact(log, entries)
        signers(local, found[-1])
    return found[-1]


def _rows(file: Path, json: set[str]) -> Rows:
    found: Rows = defaultdict(dict)
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], start=1):
        row_hash, row = _row(file, number, line, json)
        found[_scope(row)][row["resource_id"]] = (row_hash, row)
    return dict(found)


def _row(file: Path, number: int, line: bytes, json: set[str]) -> tuple[str, dict[str, Any]]:
    item = _line(file, number, line)
    row = as_stored(json, item.get("row") or {})
    if hash_of(row) != item.get("row_hash"):
        raise _altered(file, number, "the row is not what its hash says")
    return str(item["row_hash"]), row


def _content(
    path: Path, json: Mapping[str, set[str]]
) -> tuple[Content, dict[tuple[str, Scope, str], Mapping[str, Any]]]:
    scopes = {(i["table"], _scope(i)): (0, str(i["digest"])) for i in _items(path, "scopes")}
    acceptances = tuple(
        Acceptance(i["table"], _scope(i), i["fingerprint"], i["content_hash"])
        for i in _items(path, "acceptances")
    )
    overrides: list[Override] = []
    rows: dict[tuple[str, Scope, str], Mapping[str, Any]] = {}
    for number, item in enumerate(_items(path, "overrides"), start=1):
        override = Override(item["table"], _scope(item), item["resource_id"], item["row_hash"])
        overrides.append(override)
        if override.row_hash is not None:
            row = as_stored(json.get(override.table, set()), item["row"] or {})
            if hash_of(row) != override.row_hash:
                raise _altered(path / "overrides.jsonl", number, "the row is not what was approved")
            rows[override.table, override.scope, override.resource_id] = row
    return Content(scopes, tuple(overrides), acceptances), rows


def _items(path: Path, name: str) -> list[dict[str, Any]]:
    file = path / f"{name}.jsonl"
    lines = file.read_bytes().split(b"\n")[:-1]
    return [_line(file, number, line) for number, line in enumerate(lines, start=1)]


def _scope(item: Mapping[str, Any]) -> Scope:
    return Scope(item["cloud"], item["account_id"], item["region"])


def _check_scopes(path: Path, content: Content, rows: Mapping[str, Rows]) -> None:
    for (table, scope), (_, digest) in content.scopes.items():
        held = rows.get(table, {})
        parts = [held[s] for s in held if scope in (s, s.whole_account)]
        pairs = sorted((r, h) for part in parts for r, (h, _) in part.items())
        lines = [f"{resource_id} {row_hash}\n" for resource_id, row_hash in pairs]
        found = hashlib.sha256("".join(lines).encode()).hexdigest() if lines else EMPTY_DIGEST
        if found != digest:
            raise _altered(
                path / "tables" / f"{table}.jsonl", None, f"rows in {scope} are not those approved"
            )


def _baseline(entry: Entry) -> Baseline:
    said = entry.content
    due = said["review_due"]
    names = Baseline.__dataclass_fields__.keys() - {"signed_by", "approved_at", "review_due"}
    return Baseline(
        **{name: said[name] for name in names},
        approved_at=datetime.fromisoformat(said["approved_at"]),
        review_due=datetime.fromisoformat(due) if due else None,
    )


def _altered(file: Path, line: int | None, why: str) -> IntegrityError:
    return IntegrityError(
        f"the exported baseline was altered: {why}",
        where=f"{file}:{line}" if line else str(file),
        hint="restore the folder from a copy that you trust, or export it again",
    )
