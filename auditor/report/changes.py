"""Which fields of a finding differ: before and after laid side by side, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from auditor.model import JsonValue
from auditor.report.plain import cut, dumps, inline, quoted, visible


class Side(Enum):
    """The value of a field on a side where the field does not exist."""

    ABSENT = "(absent)"


ABSENT: Final = Side.ABSENT
_DEPTH = 5
_LEAD = 20
_MEMBERS = 6


@dataclass(frozen=True, slots=True)
class Field:
    """One field on both sides."""

    name: str
    """Keys from the outside in, joined by dots; hidden characters already visible."""
    before: JsonValue
    after: JsonValue
    differs: bool


def fields(before: JsonValue, after: JsonValue) -> list[Field]:
    """Lay out two values field by field, the differing ones first, each in the order of the keys.

    None stands for a side that does not exist, so a new resource has every field absent before.
    """
    left, right = _leaves(before), _leaves(after)
    if not _is_object(before, after):
        left, right = {(): _side(before)}, {(): _side(after)}
    names = [*right, *(name for name in left if name not in right)]
    rows = [_field(name, left.get(name, ABSENT), right.get(name, ABSENT)) for name in names]
    return sorted(rows, key=lambda row: not row.differs)


def texts(field: Field, limit: int) -> tuple[str, str]:
    """Return both sides on one line each, quoted where they would read the same."""
    left, right = _text(field.before, limit), _text(field.after, limit)
    if field.differs and left == right:
        return told_apart(field.before, field.after, limit)
    return left, right


def told_apart(before: JsonValue, after: JsonValue, limit: int) -> tuple[str, str]:
    """Return two different values so that the texts differ: quoted, or from where they part."""
    left, right = quoted(before, limit), quoted(after, limit)
    if left != right:
        return left, right
    left, right = visible(dumps(before)), visible(dumps(after))
    pairs = enumerate(zip(left, right, strict=False))
    parting = next((place for place, (a, b) in pairs if a != b), min(len(left), len(right)))
    start = max(parting - _LEAD, 0)
    return cut(f"...{left[start:]}", limit), cut(f"...{right[start:]}", limit)


def members(field: Field) -> tuple[list[JsonValue], list[JsonValue]] | None:
    """Return what two lists do not share (removed, added), or None where that tells nothing."""
    if not isinstance(field.before, list | tuple) or not isinstance(field.after, list | tuple):
        return None
    left = {dumps(item): item for item in field.before}
    right = {dumps(item): item for item in field.after}
    removed = [item for key, item in left.items() if key not in right]
    added = [item for key, item in right.items() if key not in left]
    return (removed, added) if removed or added else None


def differences(
    before: JsonValue, after: JsonValue, *, fields_at_most: int, limit: int
) -> tuple[list[str], int]:
    """Return a line for each field that differs, and how many more there are."""
    changed = [row for row in fields(before, after) if row.differs]
    told = [
        f"{row.name}: {texts(row, limit)[1] if before is None else _change(row, limit)}"
        for row in changed[:fields_at_most]
    ]
    return told, max(len(changed) - fields_at_most, 0)


def _change(row: Field, limit: int) -> str:
    shared = members(row)
    if shared is not None and len(row.before) + len(row.after) > len(shared[0]) + len(shared[1]):
        removed, added = shared
        parts = (("removed", removed), ("added", added))
        return "; ".join(
            f"{word} {', '.join(inline(item, limit) for item in items[:_MEMBERS])}"
            + (f" and {len(items) - _MEMBERS} more" if len(items) > _MEMBERS else "")
            for word, items in parts
            if items
        )
    before, after = texts(row, limit)
    return f"{before} -> {after}"


def _is_object(before: JsonValue, after: JsonValue) -> bool:
    """Whether at least one side is an object and the other is one too, or does not exist."""
    sides = [value for value in (before, after) if value is not None]
    return bool(sides) and all(isinstance(value, Mapping) for value in sides)


def _leaves(value: JsonValue) -> dict[tuple[str, ...], JsonValue]:
    found: dict[tuple[str, ...], JsonValue] = {}

    def walk(node: JsonValue, path: tuple[str, ...]) -> None:
        if isinstance(node, Mapping) and len(path) < _DEPTH and (node or not path):
            for key, child in node.items():
                walk(child, (*path, str(key)))
        else:
            found[path] = node

    if isinstance(value, Mapping):
        walk(value, ())
    return found


def _field(path: tuple[str, ...], before: JsonValue, after: JsonValue) -> Field:
    name = visible(".".join(path)) if path else "value"
    same = before is after or (
        ABSENT not in (before, after) and _canonical(before) == _canonical(after)
    )
    return Field(name, before, after, differs=not same)


def _canonical(value: JsonValue) -> str:
    return dumps(_sorted(value))


def _sorted(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value


def _side(value: JsonValue) -> JsonValue:
    return ABSENT if value is None else value


def _text(value: JsonValue, limit: int) -> str:
    return ABSENT.value if value is ABSENT else inline(value, limit)
