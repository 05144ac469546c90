"""What values of the configuration may be: durations, change windows, time zones."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from auditor.config.windows import read_window, read_zone

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> object:
    """Turn `45m`, `90s`, `2h` or a number of seconds into a timedelta."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if isinstance(value, str) and value[-1:] in _UNITS and value[:-1].isdecimal():
        return timedelta(seconds=int(value[:-1]) * _UNITS[value[-1]])
    if isinstance(value, timedelta):
        return value
    raise ValueError("expected a duration such as 90s, 45m, 2h or 7d")


def _window(value: str) -> str:
    read_window(value)
    return value


def _zone(value: str) -> str:
    read_zone(value)
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Window = Annotated[str, AfterValidator(_window)]
Zone = Annotated[str, AfterValidator(_zone)]


class Section(BaseModel):
    """A part of the file; refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
