"""Text that a person can trust: what is invisible or moves the cursor is shown as an escape.

Names and values come from the clouds, where whoever made a resource also chose its name. Every
renderer for people passes such text through here, so that none has its own idea of safe.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from auditor.model import JsonValue

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_NO_CHARACTERS = frozenset("\ufffe\uffff")
"""XML cannot carry them, not even as references (www.w3.org/TR/xml/#charsets)."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PROSE = re.compile(r"[^\W\d_](?:[^\W_]|[ ,;'()/=%+-]|:(?= )|\.(?=\d| |$))*")
_LINKED = re.compile(r"\bwww\.|\bgh-\d", re.IGNORECASE)
_AMBIGUOUS = re.compile(
    r'true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?|[\[{"(].*|\s.*|.*\s|', re.DOTALL
)


class Lines(str):
    """Text that is visible already and whose line breaks are ours."""

    __slots__ = ()


def visible(text: str) -> str:
    """Return the text with control, bidi, zero-width and odd space characters as escapes.

    Equal input gives equal output and two different names never look the same by a hidden
    character; line breaks are escaped too, so that no value can forge a line of a report.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if _is_hidden(char) else char for char in text)


def all_visible(value: JsonValue, limit: int) -> JsonValue:
    """Return a document with every text in it visible and cut; its keys are ours already."""
    if isinstance(value, Mapping):
        return {key: all_visible(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        return [all_visible(item, limit) for item in value]
    return cut(visible(str(value)), limit) if isinstance(value, str) else value


def cut(text: str, limit: int) -> str:
    """Return the text, or its beginning and a note that says how long the whole is."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... (cut, {len(text):,} characters)"


def inline(value: JsonValue, limit: int) -> str:
    """Return a JSON value on one line; strings bare unless they could be taken for another type."""
    if isinstance(value, str) and not _AMBIGUOUS.fullmatch(value):
        return cut(visible(value), limit)
    return quoted(value, limit)


def quoted(value: JsonValue, limit: int) -> str:
    """Return a JSON value on one line, strings in quotes."""
    return cut(visible(dumps(value)), limit)


def markdown(text: str, limit: int) -> str:
    """Return text for Markdown, anywhere but at the start of a line, as what it is.

    Plain prose stays as it is; anything that could be markup, a link, a mention or a reference to
    an issue becomes a code span. Backslashes would not do: hosts look for mentions after them. What
    would end the span or a cell of a table is shown as an escape.
    """
    shown = cut(visible(text), limit)
    if _PROSE.fullmatch(shown) and not _LINKED.search(shown):
        return shown
    return code(text, limit)


def code(text: str, limit: int) -> str:
    """Return text as a code span of Markdown, in a cell of a table too."""
    safe = cut(visible(text), limit).replace("`", "\\x60").replace("|", "\\x7c")
    return f"`{safe}`" if safe.strip() else f"`{dumps(safe)}`"


def block(value: JsonValue, limit: int) -> Lines:
    """Return a JSON value as indented lines, each of them visible."""
    if isinstance(value, Mapping | list | tuple) and value:
        lines = dumps(value, indent=2).split("\n")
        return Lines(cut("\n".join(visible(line) for line in lines), limit))
    return Lines(inline(value, limit))


def dumps(value: JsonValue, *, indent: int | None = None) -> str:
    """Return compact JSON in the value's own key order."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)


def rfc3339(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC to the second; a naive time is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")


def short_id(resource_id: str) -> str:
    """Return the last part of an ARN, an ARM id or a full resource name."""
    whole = resource_id.rstrip("/:")
    return whole.rsplit("/" if "/" in whole else ":", 1)[-1] or resource_id


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 gap`, `2 gaps`, `1,024 gaps`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _is_hidden(char: str) -> bool:
    category = unicodedata.category(char)
    odd = char in _BLANK_LETTERS or char in _NO_CHARACTERS
    return category in _HIDDEN or odd or (category == "Zs" and char != " ")


def _escape(char: str) -> str:
    if char.isascii():
        return _SHORT.get(char, f"\\x{ord(char):02x}")
    return char.encode("ascii", "backslashreplace").decode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return rfc3339(value) if isinstance(value, datetime) else str(value)
