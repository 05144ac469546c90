"""From when on a provider's log is to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from auditor.model import Scope

LATE_EVENTS = timedelta(hours=1)
"""How late an entry may appear in a provider's log."""

FIRST_EVENTS = timedelta(days=1)
"""How far back a log is read for the first time."""


def events_since(
    known: Mapping[tuple[str, Scope], datetime], started: datetime
) -> Callable[[str, Scope], datetime]:
    """Return from when on a log is read: where it was last read completely, and a bit more.

    Providers deliver entries late, so the overlap is read again; an entry is stored once.
    """

    def since(table: str, scope: Scope) -> datetime:
        before = known.get((table, scope))
        return before - LATE_EVENTS if before else started - FIRST_EVENTS

    return since
