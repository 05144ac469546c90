"""What is kept of settings and scripts: hashes, lengths and key names, never the content.

Azure never returns admin passwords, custom data and protected settings; where a document has
them all the same, they are hashed like the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SECRET_KEYS = frozenset(
    [
        "adminpassword",
        "content",
        "customdata",
        "keydata",
        "parameters",
        "protectedparameters",
        "protectedsettings",
        "requestbody",
        "responsebody",
        "runaspassword",
        "script",
        "settings",
        "userdata",
    ]
)
"""Names, in lower case, of fields whose values are hashed in a document."""

LINK_KEYS = frozenset(["errorbloburi", "outputbloburi", "scripturi", "sourceuri"])
"""Names, in lower case, of fields with a link whose query may hold a signature."""

_EMPTY: tuple[Any, ...] = (None, "", {}, [])


def sha256_of(value: Any) -> str | None:
    """Return the sha256 (hex) of a text, or of the canonical JSON of anything else.

    A value that was hashed already gives the hash that it holds.
    """
    if value in _EMPTY:
        return None
    if _is_hashed(value):
        return str(value["sha256"]) if value["sha256"] else None
    return hashlib.sha256(_bytes(value)).hexdigest()


def length_of(value: Any) -> int | None:
    """Return the length in bytes of what `sha256_of` hashes."""
    if value in _EMPTY:
        return None
    if _is_hashed(value):
        return int(value["length"])
    return len(_bytes(value))


def keys_of(value: Any) -> list[str]:
    """Return the names of the top-level keys of an object, or of named items, sorted."""
    if isinstance(value, Mapping):
        return sorted(value["keys"] if _is_hashed(value) else map(str, value))
    return [name for name, _ in _named(value)]


def hashed(value: Any) -> Any:
    """Return what is stored instead of a secret value."""
    if value is None or _is_hashed(value):
        return value
    return {"sha256": sha256_of(value), "length": length_of(value) or 0, "keys": keys_of(value)}


def without_secrets(value: Any) -> Any:
    """Return a part of an answer with every field in `SECRET_KEYS` hashed."""
    if isinstance(value, dict):
        return {key: _field(key.lower(), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def link(value: Any) -> str | None:
    """Return a link without its query."""
    return value.partition("?")[0] or None if isinstance(value, str) else None


def _field(name: str, value: Any) -> Any:
    if name in SECRET_KEYS:
        return hashed(value)
    if name in LINK_KEYS:
        return link(value)
    return without_secrets(value) if isinstance(value, dict | list) else value


def _is_hashed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"sha256", "length", "keys"}


def _named(value: Any) -> list[tuple[str, Any]]:
    """Return the items of a list of parameters by name, in the order of their names."""
    items = value if isinstance(value, list) else []
    named = [(str(i["name"]), i) for i in items if isinstance(i, Mapping) and "name" in i]
    return sorted(named, key=lambda pair: pair[0])


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    named = _named(value)
    if named and len(named) == len(value):
        value = [item for _, item in named]
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
