"""What fires most, how that ended, and what it was about: where tuning pays."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

_BRIEF = 1
"""Snapshots after which a finding that ended so soon was not worth a look."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What one drift query or setting cost the people who read its findings."""

    query_id: str
    fired: int
    """Times that a finding appeared or came back."""
    findings: int
    """Different findings among them."""
    resources: int
    came_back: int
    ended_at_once: int
    """Ended with the next snapshot, so most likely nobody needed to look."""
    accepted: int
    """Accepted by a person, one by one or with a whole snapshot."""
    open: int
    example: str
    """The reason that the newest of them gave."""


def noise(con: duckdb.DuckDBPyConnection, baseline: str, first: int, last: int) -> list[Noise]:
    """Return what fired in the snapshots from `first` to `last`, most first.

    Setting changes are told apart by setting. Accepted means that it ended in a snapshot that was
    compared with a newer version of the baseline than the one before.
    """
    rows = con.execute(
        """
        WITH versions AS (
            SELECT snapshot, baseline_version <> lag(baseline_version) OVER (ORDER BY snapshot)
                AS approved
            FROM store.run WHERE baseline_name = $baseline
        ),
        told AS (
            SELECT f.query_id || coalesce(CASE WHEN f.query_id = 'setting_changed'
                       THEN ':' || f.detail_key END, '') AS query_id,
                f.resource_id, e.fingerprint, e.event, e.snapshot, e.reason,
                lead(e.event) OVER ages AS next_event, lead(e.snapshot) OVER ages AS next_snapshot
            FROM store.finding_event e JOIN store.finding f USING (baseline_name, fingerprint)
            WHERE e.baseline_name = $baseline AND e.event IN ('new', 'reopened', 'resolved')
                AND e.snapshot <= $last
            WINDOW ages AS (PARTITION BY e.fingerprint ORDER BY e.snapshot)
        )
        SELECT query_id, count(*), count(DISTINCT fingerprint), count(DISTINCT resource_id),
            count(*) FILTER (event = 'reopened'),
            count(*) FILTER (next_snapshot - t.snapshot <= $brief AND approved IS NOT TRUE),
            count(*) FILTER (approved IS TRUE),
            count(*) FILTER (next_event IS NULL),
            arg_max(reason, t.snapshot)
        FROM told t LEFT JOIN versions v ON v.snapshot = t.next_snapshot
        WHERE event <> 'resolved' AND t.snapshot >= $first
        GROUP BY query_id ORDER BY 2 DESC, 1
        """,
        {"baseline": baseline, "first": first, "last": last, "brief": _BRIEF},
    ).fetchall()
    return [Noise(*row) for row in rows]
