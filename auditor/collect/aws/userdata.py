"""User data as a hash: it holds passwords more often than not, so nothing else is kept of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from auditor.collect.redact import hashed, names_secret


def digest(encoded: str) -> dict[str, Any]:
    """Return sha256 and length of what base64 text holds, or of the text if it is none."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        content = encoded.encode()
    sha256 = hashlib.sha256(content).hexdigest() if content else None
    return {"Sha256": sha256, "Length": len(content)}


def without_user_data(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return what describes a launch with a hash in place of the user data, tags cleaned."""
    kept = dict(holder)
    if isinstance(kept.get("UserData"), str):
        kept["UserData"] = digest(kept["UserData"])
    if kept.get("TagSpecifications"):
        kept["TagSpecifications"] = [
            {**spec, "Tags": [_tag(tag) for tag in spec.get("Tags") or ()]}
            for spec in kept["TagSpecifications"]
        ]
    return kept


def _tag(tag: Mapping[str, Any]) -> dict[str, Any]:
    value = tag.get("Value") or ""
    if names_secret(str(tag.get("Key"))) and value and not value.startswith("redacted:"):
        return {**tag, "Value": hashed(value)}
    return dict(tag)
