"""Canonical bytes and digests: the same content gives the same hash on every machine.

Hashes are the first 128 bits of sha256 in the text form of a UUID, which every engine and file
format keeps whole; digests are sha256 in hex. `docs/integrity.md` says how to recompute them
with standard tools.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def canonical(value: object) -> bytes:
    """Return a value as JSON with sorted keys and no blanks; instants are in UTC."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def canonical_text(value: object) -> str:
    """Return `canonical` as text, the form in which the store keeps JSON."""
    return canonical(value).decode()


def digest(value: object) -> str:
    """Return the sha256 (hex) of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def row_hash(columns: Mapping[str, Any]) -> str:
    """Return the 128-bit hash of a row's columns; a missing column and NULL are the same."""
    return hash_of({name: value for name, value in columns.items() if value is not None})


def hash_of(present: Mapping[str, Any]) -> str:
    """Return the `row_hash` of columns none of which is NULL."""
    text = hashlib.sha256(canonical(present)).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def utc(value: datetime) -> datetime:
    """Return an instant in UTC without zone, as DuckDB's TIMESTAMP holds it."""
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    raise TypeError(f"{type(value).__name__} has no JSON form")
