"""Bound what one comparison may cost: what is too large is said to be, and not compared."""

from __future__ import annotations

import logging

import duckdb

MOST_BOXES = 200_000
"""Boxes of one side of a subject that are compared; real limits of the clouds are far below."""

log = logging.getLogger(__name__)


def leave_out_large(con: duckdb.DuckDBPyConnection) -> None:
    """Take out the subjects of more than `MOST_BOXES` boxes, with a row in `policy.problems`.

    A row without a policy stands for instances: all their policies together are too many.
    """
    con.execute(
        "CREATE TABLE policy.too_large AS SELECT subject, max(boxes) AS boxes FROM ("
        "SELECT subject, side, count(*) AS boxes FROM policy.met_rules "
        "JOIN policy.boxes USING (number, members) GROUP BY subject, side"
        ") GROUP BY subject HAVING max(boxes) > ?",
        [MOST_BOXES],
    )
    for table in ("changed_rules", "met_rules"):
        con.execute(
            f"DELETE FROM policy.{table} WHERE subject IN (SELECT subject FROM policy.too_large)"
        )
    con.execute(
        "INSERT INTO policy.problems "
        "SELECT policy_id, '*', 'too large: ' || max(boxes) || ' boxes' "
        "FROM policy.too_large JOIN policy.subjects USING (subject) GROUP BY policy_id"
    )
    for what, policy_id, boxes in con.execute(
        "SELECT what, policy_id, boxes FROM policy.too_large JOIN policy.subjects USING (subject) "
        "ORDER BY ALL"
    ).fetchall():
        log.warning("not compared, %d boxes: %s %s", boxes, what, policy_id or "of instances")
