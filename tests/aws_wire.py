"""Answers in the wire formats of AWS, made from what the SDK returns: the way back, for replays."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.aws_recordings import model
from tests.aws_stub import Reply


def reply(service: str, operation: str, answer: dict[str, Any]) -> Reply:
    """Return an answer as the service sends it: XML by query, or JSON."""
    shape = model(service).operation_model(operation).output_shape
    if model(service).metadata["protocol"] == "json":
        return 200, json.dumps(answer, default=lambda moment: moment.timestamp())
    inner = members(shape, answer)
    wrapper = shape.serialization.get("resultWrapper")
    if wrapper:
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    return 200, f"<{operation}Response>{inner}<requestId>r-1</requestId></{operation}Response>"


def members(shape: Any, value: dict[str, Any]) -> str:
    return "".join(
        element(member.serialization.get("name", name), member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def element(name: str, shape: Any, value: Any) -> str:
    if shape.type_name == "list":
        inner = shape.member.serialization.get("name", "member")
        parts = [element(inner, shape.member, item) for item in value]
        if shape.serialization.get("flattened"):
            return "".join(parts)
        return f"<{name}>{''.join(parts)}</{name}>"
    if shape.type_name == "structure":
        return f"<{name}>{members(shape, value)}</{name}>"
    return f"<{name}>{escape(scalar(shape, value))}</{name}>"


def scalar(shape: Any, value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dict):  # a policy, which the SDK has taken apart
        return quote(json.dumps(value))
    if shape.type_name in ("integer", "long") and isinstance(value, bool):
        return str(int(value))  # NOTE: some sanitised files have false where the wire has 0
    return str(value).lower() if isinstance(value, bool) else str(value)
