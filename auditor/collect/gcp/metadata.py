"""Instance metadata: startup scripts and keys as hashes, the switches as typed columns.

Anyone who may set metadata runs code on the instance. The values hold passwords more often than
not, so each is hashed as soon as it has been read: no row, document or error ever carries one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from auditor.collect.table import boolean, strings, text

SWITCHES = {
    "block-project-ssh-keys": "block_project_ssh_keys",
    "enable-oslogin": "enable_oslogin",
    "enable-oslogin-2fa": "enable_oslogin_2fa",
    "enable-oslogin-sk": "enable_oslogin_sk",
    "serial-port-enable": "serial_port_enable",
    "serial-port-logging-enable": "serial_port_logging_enable",
    "enable-guest-attributes": "enable_guest_attributes",
    "enable-osconfig": "enable_osconfig",
    "enable-windows-ssh": "enable_windows_ssh",
    "disable-legacy-endpoints": "disable_legacy_endpoints",
}
"""Metadata keys that switch something, with their columns."""

SCRIPTS = {
    "startup_script_hash": ("startup-script", "startup-script-url"),
    "shutdown_script_hash": ("shutdown-script", "shutdown-script-url"),
    "windows_script_hash": ("windows-", "sysprep-specialize-script-"),
    "user_data_hash": ("user-data", "user-data-encoding"),
    "container_declaration_hash": ("gce-container-declaration",),
}
"""Columns of code that runs on the instance, with the metadata keys, or their beginnings."""

_PLAIN = frozenset(["created-by", "instance-template"])
_SSH_KEYS = ("ssh-keys", "sshKeys")
_WINDOWS_KEYS = "windows-keys"
_TRUE = frozenset(["true", "1", "y", "yes"])
_NO_SWITCH: Mapping[str, bool | None] = dict.fromkeys(SWITCHES.values())
_FALSE = frozenset(["false", "0", "n", "no"])


class _Hashed(dict[str, Any]):
    """Metadata in which each value is hashed already."""


def without_values(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return metadata with hash and length in place of each value; of switches the value stays.

    Its own result comes back as it is, so that it costs nothing to call it twice.
    """
    if isinstance(metadata, _Hashed):
        return metadata
    if not metadata:
        return _Hashed()
    items = metadata.get("items") or ()
    if isinstance(items, Mapping):  # NOTE: zonal instance settings have an object instead
        items = [{"key": key, "value": value} for key, value in items.items()]
    return _Hashed(metadata, items=[_hashed(item) for item in items])


def hashed_object(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return metadata that the API writes as an object, with a hash in place of each value."""
    return {
        key: {"sha256": digest_of(value), "length": len(value)} if isinstance(value, str) else value
        for key, value in (values or {}).items()
    }


def digest_of(value: Any) -> str:
    """Return the sha256 (hex) of a text, or of any other value as canonical JSON."""
    plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()


def metadata_columns(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the columns of instance metadata, which may be hashed already or not."""
    items = {item["key"]: item for item in without_values(metadata).get("items") or ()}
    row: dict[str, Any] = {
        "metadata_keys": sorted(items),
        "metadata_hashes": sorted(f"{key}={_digest(item)}" for key, item in items.items()),
        "ssh_keys": _keys(items, _SSH_KEYS),
        "windows_keys": _keys(items, (_WINDOWS_KEYS,)),
    }
    row |= _NO_SWITCH
    for key in items.keys() & SWITCHES.keys():
        row[SWITCHES[key]] = _switch(items[key].get("value"))
    lines: dict[str, list[str]] = {}
    for key in row["metadata_keys"]:
        for column in _scripts(key):
            lines.setdefault(column, []).append(f"{key}={_digest(items[key])}")
    for column in SCRIPTS:
        row[column] = digest_of("\n".join(lines[column])) if column in lines else None
    return row


def _hashed(item: Mapping[str, Any]) -> dict[str, Any]:
    key, value = str(item.get("key") or ""), item.get("value")
    content = value if isinstance(value, str) else ""
    kept: dict[str, Any] = {
        "key": key,
        "sha256": digest_of(content),
        "length": len(content),
    }
    if key in _PLAIN or (key in SWITCHES and _switch(content) is not None):
        kept["value"] = content
    if key in _SSH_KEYS:
        kept["keys"] = sorted(filter(None, map(_ssh_key, content.splitlines())))
    elif key == _WINDOWS_KEYS:
        kept["keys"] = sorted(filter(None, map(_windows_key, content.splitlines())))
    return kept


def _digest(item: Mapping[str, Any]) -> str:
    return f"sha256:{item['sha256']}:{item['length']}"


def _switch(value: Any) -> bool | None:
    """Return a switch as the guest environment reads it; None where it is not set or unclear."""
    folded = value.strip().lower() if isinstance(value, str) else ""
    return True if folded in _TRUE else False if folded in _FALSE else None


def _keys(items: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> list[str]:
    return sorted({key for name in names for key in (items.get(name) or {}).get("keys") or ()})


@lru_cache(maxsize=1024)
def _scripts(key: str) -> tuple[str, ...]:
    """Return the columns of code that a metadata key is part of."""
    return tuple(
        column for column, starts in SCRIPTS.items() if any(_is_of(key, start) for start in starts)
    )


def _is_of(key: str, start: str) -> bool:
    if start.endswith("-"):
        return key.startswith(start) and key != _WINDOWS_KEYS
    return key == start


def _ssh_key(line: str) -> str | None:
    """Return user and fingerprint of one line of `ssh-keys`, as `ssh-keygen -l` shows it."""
    user, colon, key = line.strip().partition(":")
    if not colon:
        user, key = "", line.strip()
    fields = key.split()
    if not user and not fields:
        return None
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (IndexError, binascii.Error, ValueError):
        return f"{user or '-'} unreadable:{digest_of(key)[:16]}"
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"{user or '-'} SHA256:{digest}"


def _windows_key(line: str) -> str | None:
    """Return user and fingerprint of one line of `windows-keys`: a public RSA key as JSON."""
    if not line.strip():
        return None
    try:
        key = json.loads(line)
        user, modulus = str(key.get("userName") or "-"), str(key["modulus"])
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"- unreadable:{digest_of(line)[:16]}"
    return f"{user} SHA256:{digest_of(modulus)}"


METADATA_COLUMNS = (
    strings("metadata_keys", "Names of its metadata keys."),
    strings("metadata_hashes", "Each metadata key with sha256 and length of its value."),
    strings("ssh_keys", "SSH keys in its metadata, as user and fingerprint."),
    strings("windows_keys", "Keys for setting Windows passwords, as user and fingerprint."),
    boolean("block_project_ssh_keys", "Switch that keeps the project's SSH keys out."),
    boolean("enable_oslogin", "Switch: OS Login, so that IAM decides who may log in."),
    boolean("enable_oslogin_2fa", "Switch: OS Login asks for a second factor."),
    boolean("enable_oslogin_sk", "Switch: OS Login accepts security keys."),
    boolean("serial_port_enable", "Switch: interactive access to the serial console."),
    boolean("serial_port_logging_enable", "Switch: serial console output goes to Cloud Logging."),
    boolean("enable_guest_attributes", "Switch: the guest may publish attributes."),
    boolean("enable_osconfig", "Switch: the OS Config agent may act on the instance."),
    boolean("enable_windows_ssh", "Switch: SSH on Windows."),
    boolean("disable_legacy_endpoints", "Switch that closes the old metadata endpoints."),
    text("startup_script_hash", "Hash over the startup scripts and their URLs."),
    text("shutdown_script_hash", "Hash over the shutdown scripts and their URLs."),
    text("windows_script_hash", "Hash over the Windows startup, shutdown and sysprep scripts."),
    text("user_data_hash", "Hash over the user data, which cloud-init runs."),
    text("container_declaration_hash", "Hash over the declaration of the container to run."),
)
