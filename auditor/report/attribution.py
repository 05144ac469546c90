"""Who made a change, in one line: `by ada from 203.0.113.7 with aws-cli, 2026-01-01 10:00`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.model import JsonValue
from auditor.report.plain import count, cut, short_id, visible

_LONGEST = 60
_SILENT = {
    "none": "no event in the log names it",
    "unread": "not known, the log was not read for all this time",
}


def attributed(value: JsonValue) -> str | None:
    """Return an attribution in one line; nothing for a value that is none."""
    if not isinstance(value, Mapping):
        return None
    confidence = str(value.get("confidence"))
    if confidence in _SILENT:
        return _SILENT[confidence]
    if confidence not in ("one", "several"):
        return None
    parts = [
        f"by {_short(value.get('principal')) or 'somebody unnamed'}",
        f"from {_short(value.get('source_ip'))}" if value.get("source_ip") else "",
        f"with {_short(value.get('user_agent'))}" if value.get("user_agent") else "",
        f"({_short(value['automation'])})" if value.get("automation") else "",
    ]
    time = visible(str(value.get("time")))[:16].replace("T", " ")
    said = " ".join(filter(None, parts))
    return (
        f"{said}, {time}, one event"
        if confidence == "one"
        else f"last {said}, {time}, {_all(value)}"
    )


def _all(value: Mapping[str, Any]) -> str:
    principals, events = value.get("principals"), value.get("events")
    told = count(events, "event") if isinstance(events, int) else "several events"
    if isinstance(principals, list) and len(principals) > 1:
        return f"{told} by {count(len(principals), 'principal')}"
    return told


def _short(value: Any) -> str:
    """Return a name without its path: of an ARN the user, of a user agent the program."""
    text = str(value or "")
    text = short_id(text) if text.startswith("arn:") else text.partition("/")[0]
    return cut(visible(text), _LONGEST)
