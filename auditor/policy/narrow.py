"""Narrow first: which instances to look at, and the layers and paths of only those.

A row that did not change has the same `row_number` on both sides, so a join of integers finds the
rows that did. The header of a file of `layers` or `paths` says whom such a row concerns:
`instances` maps tables to the column with the instance, and a row of one of `places` concerns the
instances of its account and region. Where any other table behind a file changed, or the header
says nothing, all instances are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from auditor.policy.sources import COLUMNS, SIDES, source_files, source_tables
from auditor.shipped import split_header

PARTS = ("layers", "paths")
_ASIDE = ("account_id", "region", "instance_id", "addresses", "obstacles")
"""Columns that do not count as a difference."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of `layers` or `paths` that the store has the tables for."""

    part: str
    name: str
    sql: str
    instances: Mapping[str, str]
    """Table -> column with the instance that a row concerns."""
    places: frozenset[str]
    tables: frozenset[str]
    """Every table behind it."""

    @property
    def view(self) -> str:
        return f"policy_{self.part}_{self.name}"


def find_differing(con: duckdb.DuckDBPyConnection) -> None:
    """Create `policy.differing`: the instances whose layers or paths are not the same."""
    con.execute("CREATE TABLE policy.differing (instance_id VARCHAR)")
    sources = _sources(con)
    changed = {t: _changed(con, t) for t in sorted({t for s in sources for t in s.tables})}
    for source in sources:
        moved = {table for table in source.tables if changed[table]}
        if not moved:
            continue
        views = {side: f"{side}.{source.view}" for side in SIDES}
        if source.instances and moved <= source.places | set(source.instances):
            views = _narrowed(con, source, dict.fromkeys(SIDES, _concerned(con, source, moved)))
        _compare(con, source, views)


def narrow_sources(con: duckdb.DuckDBPyConnection) -> None:
    """Create views `policy_touched_<part>`: the rows of `policy.touched` on the baseline's side.

    Of the snapshot's those of `policy.affected`: what became of peers does not matter.
    """
    within = {"baseline": "touched", "snapshot": "affected"}
    found: dict[tuple[str, str], list[str]] = {(s, p): [] for s in SIDES for p in PARTS}
    for source in _sources(con):
        for side, view in _narrowed(con, source, within).items():
            found[side, source.part].append(view)
    for (side, part), views in found.items():
        names = COLUMNS[part]
        chosen = ", ".join(f"{name}::{kind} AS {name}" for name, kind in names.items())
        nothing = ", ".join(f"NULL::{kind} AS {name}" for name, kind in names.items())
        selects = [f"SELECT {chosen} FROM {view}" for view in views]
        selects.append(f"SELECT {nothing} WHERE false")
        con.execute(f"CREATE VIEW {side}.policy_touched_{part} AS {' UNION ALL '.join(selects)}")


def _sources(con: duckdb.DuckDBPyConnection) -> list[_Source]:
    there = _names(con, "SELECT view_name FROM duckdb_views() WHERE schema_name = 'snapshot'")
    return [
        _source(con, part, path)
        for part in PARTS
        for path in source_files(part)
        if f"policy_{part}_{path.stem}" in there
    ]


def _source(con: duckdb.DuckDBPyConnection, part: str, path: Path) -> _Source:
    header, sql = split_header(path)
    return _Source(
        part,
        path.stem,
        sql,
        header.get("instances", {}),
        frozenset(header.get("places", ())),
        source_tables(con, sql),
    )


def _changed(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Create `policy.rows_<table>`, the row numbers that one side only has; say if there are any.

    What is no table of the store, such as a view of the vocabulary, may have changed.
    """
    sides = []
    for side, other in (SIDES, SIDES[::-1]):
        sides.append(
            f"SELECT row_number FROM {side}.{table} ANTI JOIN {other}.{table} USING (row_number)"
        )
    try:
        con.execute(f"CREATE TABLE policy.rows_{table} AS {' UNION ALL '.join(sides)}")
    except duckdb.BinderException:
        return True
    return bool(con.execute(f"SELECT 1 FROM policy.rows_{table} LIMIT 1").fetchall())


def _concerned(con: duckdb.DuckDBPyConnection, source: _Source, moved: set[str]) -> str:
    """Create a table of the instances that changed rows concern; return its name."""
    name = f"concerned_{source.part}_{source.name}"
    places = " UNION ".join(
        f"SELECT account_id, region FROM {side}.{table} SEMI JOIN policy.rows_{table} "
        "USING (row_number)"
        for table in sorted(moved & source.places)
        for side in SIDES
    )
    parts = []
    for table, column in source.instances.items():
        for side in SIDES:
            rows = f'SELECT "{column}" AS instance_id FROM {side}.{table}'
            if table in moved:
                parts.append(f"{rows} SEMI JOIN policy.rows_{table} USING (row_number)")
            if places:
                parts.append(f"{rows} SEMI JOIN ({places}) AS p USING (account_id, region)")
    con.execute(f"CREATE TABLE policy.{name} AS {' UNION '.join(parts)}")
    return name


def _narrowed(
    con: duckdb.DuckDBPyConnection, source: _Source, within: Mapping[str, str]
) -> dict[str, str]:
    """Return the SELECT of a source by side, limited to the instances of these tables of `policy`.

    The file's SQL runs in a schema of its own, where the tables of instances are views of the
    rows of those; without knowing which tables these are, the result is limited instead.
    """
    found = {}
    for side, ids in within.items():
        if not source.instances:
            found[side] = (
                f"(SELECT * FROM {side}.{source.view} SEMI JOIN policy.{ids} USING (instance_id))"
            )
            continue
        schema = f"{side}_{ids}_{source.part}_{source.name}"
        con.execute(f"CREATE SCHEMA {schema}")
        for table in source.tables:
            column = source.instances.get(table)
            limit = _rows(con, side, table, column, ids) if column else ""
            con.execute(f"CREATE VIEW {schema}.{table} AS SELECT * FROM {side}.{table} {limit}")
        con.execute(f"USE memory.{schema}")
        con.execute(f"CREATE VIEW {source.view} AS {source.sql}")
        con.execute("USE memory.main")
        found[side] = f"{schema}.{source.view}"
    return found


def _rows(con: duckdb.DuckDBPyConnection, side: str, table: str, column: str, ids: str) -> str:
    """Return the join with the rows of these instances; text is compared once for all sources."""
    rows = f"policy.rows_{side}_{table}_{column}_{ids}"
    con.execute(
        f"CREATE TABLE IF NOT EXISTS {rows} AS SELECT row_number FROM {side}.{table} AS t "
        f'SEMI JOIN policy.{ids} AS i ON i.instance_id = t."{column}"'
    )
    return f"SEMI JOIN {rows} USING (row_number)"


def _compare(con: duckdb.DuckDBPyConnection, source: _Source, views: Mapping[str, str]) -> None:
    """Add the instances to `policy.differing` for which a source has other rows on either side."""
    content = ", ".join(name for name in COLUMNS[source.part] if name not in _ASIDE)
    sides = " UNION ALL ".join(
        f"SELECT '{side}' AS side, instance_id, hash({content})::HUGEINT AS content FROM {view}"
        for side, view in views.items()
    )
    con.execute(
        f"INSERT INTO policy.differing SELECT instance_id FROM ({sides}) GROUP BY instance_id "
        "HAVING sum(content) FILTER (WHERE side = 'baseline') "
        "IS DISTINCT FROM sum(content) FILTER (WHERE side = 'snapshot')"
    )


def _names(con: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    return {name for (name,) in con.execute(sql).fetchall()}
