"""What the parts of an OSCAL document are made of: ids, properties, text as OSCAL allows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from auditor.model import JsonValue
from auditor.report.plain import cut, dumps, inline, visible

NAMESPACE = "urn:cloud-baseline-auditor:oscal"
"""Of the properties, and what ids are derived in."""

LONGEST = 4_000
"""Characters of a text or value; findings.json has the whole."""

_NOTE = 100


def uuid_of(kind: str, key: str) -> str:
    """Return the id of a thing of that kind: the same for the same key, in every run."""
    return str(uuid5(_space(), visible(f"{kind} {key}")))


def props(named: Mapping[str, JsonValue]) -> list[dict[str, str]]:
    """Return the properties that have a value; a list has one for each of its items."""
    pairs = (
        (name, item)
        for name, value in named.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    )
    return [{"name": name, "ns": NAMESPACE, "value": _text(str(item))} for name, item in pairs]


def json_text(value: JsonValue) -> str | None:
    """Return a value on one line, or nothing where there is none."""
    return None if value is None else inline(value, LONGEST)


def filled(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts without empty lists, which OSCAL does not allow."""
    return {name: part for name, part in parts.items() if part not in ([], None)}


def origins() -> list[dict[str, Any]]:
    """Return who made a statement: the tool."""
    return [{"actors": [{"type": "tool", "actor-uuid": uuid_of("tool", "component")}]}]


def _text(text: str) -> str:
    """Return a value as OSCAL allows it: not empty, on one line, no blanks around it."""
    shown = visible(text)
    return cut(shown if shown and shown == shown.strip() else dumps(shown), LONGEST + _NOTE)


@cache
def _space() -> UUID:
    return uuid5(NAMESPACE_URL, NAMESPACE)
