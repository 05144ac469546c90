"""Drift queries: one `.sql` file each, with its description as TOML in the leading comment."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from auditor.errors import QueryHeaderError
from auditor.frameworks import load_attack
from auditor.model import Query, Severity, Verdict
from auditor.shipped import shipped, split_header

_REQUIRED = ("id", "title", "description", "severity", "verdicts", "tables")
_LISTS = ("verdicts", "tables", "attack", "controls")
_OPTIONAL = ("attack", "controls", "false_positives", "remediation")


def load_queries(extra: Iterable[Path] = ()) -> list[Query]:
    """Return the shipped drift queries and those of further folders, sorted by id.

    Raises `QueryHeaderError` with file and key for a header that cannot be used, and for an id
    that two files have.
    """
    folders = [shipped("queries") / "drift", *extra]
    found: dict[str, Query] = {}
    for folder in folders:
        if not folder.is_dir():
            raise QueryHeaderError("no such folder of drift queries", where=str(folder))
        for path in sorted(folder.glob("*.sql")):
            query = read_query(path)
            if query.id in found:
                raise QueryHeaderError(
                    f"id {query.id!r} is taken by {found[query.id].source}", where=str(path)
                )
            found[query.id] = query
    return [found[key] for key in sorted(found)]


def read_query(path: Path) -> Query:
    """Return the drift query of a file."""
    header, sql = split_header(path)
    known = (*_REQUIRED, *_OPTIONAL)
    for key in header:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise QueryHeaderError(
                f"unknown key {key!r}" + (f"; did you mean {near[0]}?" if near else ""),
                where=str(path),
            )
        if not _fits(key, header[key]):
            what = "a list of texts" if key in _LISTS else "a text"
            raise QueryHeaderError(f"the key {key!r} must be {what}", where=str(path))
    for key in _REQUIRED:
        if not header.get(key):
            raise QueryHeaderError(f"the key {key!r} is missing", where=str(path))
    if header["id"] != path.stem:
        raise QueryHeaderError(
            f"id {header['id']!r} must be the name of the file, {path.stem!r}", where=str(path)
        )
    _refuse_retired(header.get("attack", ()), path)
    try:
        return Query(
            id=header["id"],
            title=header["title"],
            description=header["description"],
            severity=Severity(header["severity"]),
            verdicts=tuple(Verdict(v) for v in header["verdicts"]),
            attack=tuple(header.get("attack", ())),
            controls=tuple(header.get("controls", ())),
            tables=tuple(header["tables"]),
            false_positives=header.get("false_positives", ""),
            remediation=header.get("remediation", ""),
            sql=sql,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            source=str(path),
        )
    except ValueError as exc:
        raise QueryHeaderError(str(exc), where=str(path)) from None


def _refuse_retired(techniques: Iterable[str], path: Path) -> None:
    attack = load_attack()
    for technique in techniques:
        if successor := attack.successor(technique):
            raise QueryHeaderError(
                f"ATT&CK {attack.version} has no {technique}; it is {successor} now",
                where=str(path),
            )


def _fits(key: str, value: object) -> bool:
    if key in _LISTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)
