"""Encryption keys of customers: which one it is, never the key itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.collect.table import Raw

_MATERIAL = ("rawKey", "rsaEncryptedKey")


def key_names(encryption: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an encryption key's name and hash, without any key material."""
    if not encryption:
        return None
    return {key: value for key, value in encryption.items() if key not in _MATERIAL}


def without_keys(raw: Raw) -> dict[str, Any]:
    """Return an item without the material of any key that stands in it directly."""
    return {
        key: key_names(value)
        if key.endswith("EncryptionKey") and isinstance(value, Mapping)
        else value
        for key, value in raw.items()
    }


def key_of(encryption: Mapping[str, Any] | None) -> str | None:
    """Return which customer's key encrypts something: its name, or the hash of a supplied key.

    The version of a named key is left out, since it changes whenever the key rotates.
    """
    if not encryption:
        return None
    name = encryption.get("kmsKeyName")
    if name:
        return str(name).partition("/cryptoKeyVersions/")[0]
    return f"supplied:{encryption['sha256']}" if encryption.get("sha256") else None
