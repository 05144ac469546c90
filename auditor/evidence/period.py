"""Periods that evidence is about, and the runs that were due in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.errors import UsageError

_DAY = r"\d{4}-\d{2}-\d{2}"
_HINT = "such as 2026-Q3, 2026-07, 2026, 2026-07-01 or 2026-07-01..2026-09-30"


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days in UTC."""

    label: str
    """As a person writes it, and as files are named."""
    start: datetime
    end: datetime
    """The first moment after it."""

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment falls into the period."""
        return self.start <= moment < self.end


def read_period(text: str) -> Period:
    """Return the period that a person wrote: a quarter, month, year, day, or days from..to.

    Raises `UsageError`.
    """
    try:
        start, end = _bounds(text.strip())
    except ValueError as exc:
        raise UsageError(f"{text!r} is no period", hint=_HINT) from exc
    if end <= start:
        raise UsageError(f"the period {text} ends before it starts", hint=_HINT)
    return Period(text.strip(), start, end)


def missed(
    started: Sequence[datetime], every: timedelta, *, after: datetime, before: datetime
) -> list[datetime]:
    """Return when runs were due between two moments and did not start.

    `started` are the starts of runs, sorted. Each run is due `every` after the one before it, with
    half of that as grace; so a late run delays the next and is not missed itself.
    """
    due: list[datetime] = []
    last = after
    for moment in (*started, before):
        expected = last + every
        while expected + every / 2 <= moment:
            due.append(expected)
            expected += every
        last = moment
    return due


def _bounds(text: str) -> tuple[datetime, datetime]:
    if found := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text):
        first = 3 * int(found[2]) - 2
        return _month(int(found[1]), first), _month(int(found[1]), first + 3)
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        start = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
        return start, _month(start.year, start.month + 1)
    if re.fullmatch(r"\d{4}", text):
        return _month(int(text), 1), _month(int(text) + 1, 1)
    if re.fullmatch(_DAY, text):
        return _day(text), _day(text) + timedelta(days=1)
    if re.fullmatch(rf"{_DAY}\.\.{_DAY}", text):
        days = text.split("..")
        return _day(days[0]), _day(days[1]) + timedelta(days=1)
    raise ValueError(text)


def _month(year: int, month: int) -> datetime:
    """Return the start of a month; the thirteenth is the first of the next year."""
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
