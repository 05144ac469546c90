"""What the configuration says of behaviour, as tables of the schema `behaviour`.

It reaches the drift queries as data: what people wrote into the configuration is never a part of
any SQL.
"""

from __future__ import annotations

from datetime import UTC, datetime

from auditor.config import BehaviourConfig
from auditor.config.windows import open_times, read_window, read_zone
from auditor.diff.session import Session
from auditor.store.hashing import utc
from auditor.store.tables import empty_tables


def show_behaviour(session: Session, config: BehaviourConfig) -> None:
    """Create `approved_creators`, `open_times` and `limits`; without entries, empty but there."""
    con = session.con
    con.execute("CREATE SCHEMA behaviour")
    con.execute(
        "CREATE TABLE behaviour.approved_creators AS SELECT unnest(?::VARCHAR[]) AS pattern",
        [[pattern.lower() for pattern in config.approved_creators]],
    )
    con.execute(
        "CREATE TABLE behaviour.limits AS SELECT ?::INTEGER AS changes_per_hour, "
        "?::INTEGER AS created_per_hour",
        [config.changes_per_hour, config.created_per_hour],
    )
    times = _open_times(session, config)
    con.execute(
        "CREATE TABLE behaviour.open_times AS SELECT unnest(?::TIMESTAMP[]) AS opens, "
        "unnest(?::TIMESTAMP[]) AS closes",
        [[utc(opens) for opens, _ in times], [utc(closes) for _, closes in times]],
    )


def _open_times(session: Session, config: BehaviourConfig) -> list[tuple[datetime, datetime]]:
    span = _span_of_events(session) if config.change_windows else None
    if span is None:
        return []
    windows = [read_window(text) for text in config.change_windows]
    return open_times(windows, read_zone(config.timezone), first=span[0], last=span[1])


def _span_of_events(session: Session) -> tuple[datetime, datetime] | None:
    """Return the first and the last time in all logs of the snapshot."""
    empty = empty_tables(session.con)
    names = [
        spec.name
        for spec in session.specs
        if spec.kind == "event"
        and spec.name not in empty
        and any(column.name == "event_time" for column in spec.columns)
    ]
    if not names:
        return None
    union = " UNION ALL ".join(f'SELECT event_time FROM snapshot."{name}"' for name in names)
    found = session.con.execute(
        f"SELECT min(event_time), max(event_time) FROM ({union})"
    ).fetchone()
    if found is None or found[0] is None:
        return None
    first, last = (moment.replace(tzinfo=UTC) for moment in found)
    return first, last
