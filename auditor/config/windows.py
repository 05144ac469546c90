"""Change windows: hours of the week in which changes are expected, such as `Mon-Fri 08:00-18:00`.

They are written in local time, and become the intervals of UTC in which they are open: clocks that
go forward or back are settled here, once, and whoever compares times only compares times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_WINDOW = re.compile(r"([a-z, -]+?) +(\d\d):(\d\d) ?- ?(\d\d):(\d\d)")
_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Some days of the week, and the part of each that is open."""

    days: frozenset[int]
    """0 is Monday."""
    start: int
    """Minute of the day."""
    end: int
    """Minute, counted from the same midnight: one past midnight is more than a day's."""


def read_window(text: str) -> Window:
    """Return a window from text; raises ValueError that says what is wrong with it."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is no change window: write it as 'Mon-Fri 08:00-18:00'")
    days = frozenset(day for part in found[1].split(",") for day in _days(part.strip(), text))
    start, end = (
        _minute(hour, minute, text) for hour, minute in (found.group(2, 3), found.group(4, 5))
    )
    if start == _MINUTES:
        raise ValueError(f"{text!r} begins at 24:00: write 00:00 of the day after")
    if start == end:
        raise ValueError(f"{text!r} is empty: a whole day is 00:00-24:00")
    return Window(days, start, end if end > start else end + _MINUTES)


def read_zone(name: str) -> tzinfo:
    """Return a time zone by its name in the tz database; raises ValueError for an unknown one."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"no time zone {name!r} on this machine: write it as Europe/Berlin, or UTC"
        ) from None


def open_times(
    windows: Iterable[Window], zone: tzinfo, *, first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    """Return when the windows are open in UTC, sorted and apart from each other.

    From more than a week before `first`, so that some time is always the last one that was open.
    """
    found = sorted(_each(list(windows), zone, first.date() - timedelta(days=9), last.date()))
    merged: list[tuple[datetime, datetime]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _each(
    windows: list[Window], zone: tzinfo, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    for number in range((last - first).days + 2):
        day = first + timedelta(days=number)
        for window in windows:
            if day.weekday() in window.days:
                start, end = _at(day, window.start, zone), _at(day, window.end, zone)
                if start < end:  # NOTE: the hour that a clock skips is no hour.
                    yield start, end


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    """Return a minute of a local day in UTC: what the clock on the wall says, not hours passed."""
    days, rest = divmod(minute, _MINUTES)
    clock = time(rest // 60, rest % 60, tzinfo=zone)
    return datetime.combine(day + timedelta(days=days), clock).astimezone(UTC)


def _days(part: str, text: str) -> Iterator[int]:
    first, dash, last = (name.strip() for name in part.partition("-"))
    for name in (first, last) if dash else (first,):
        if name not in DAYS:
            raise ValueError(f"{text!r} names no day {name!r}: Mon, Tue, Wed, Thu, Fri, Sat, Sun")
    start, end = DAYS.index(first), DAYS.index(last if dash else first)
    yield from (day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def _minute(hour: str, minute: str, text: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > _MINUTES:  # noqa: PLR2004  # the last minute of an hour
        raise ValueError(f"{text!r} names no time {hour}:{minute}: from 00:00 to 24:00")
    return found
