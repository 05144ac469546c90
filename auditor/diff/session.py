"""A read-only DuckDB session that shows a snapshot, and beside it a baseline.

Queries see views only. `snapshot.<table>` and `baseline.<table>` hold the scopes that were read
completely in the snapshot and are approved in the baseline: no query can turn what was not read
into something removed. After `lock` the session reads no files, has no network, and its
configuration cannot be changed back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from auditor.baseline.versions import Content
from auditor.config import StoreConfig
from auditor.diff.settings import Setting
from auditor.diff.views import create_vocabulary
from auditor.errors import QueryError
from auditor.model import Coverage, Status, TableSpec
from auditor.store.database import reading
from auditor.store.tables import covers, empty_tables, present, table_specs

QUERY_SECONDS = 300.0
"""How long one query may run."""

SIDES = ("baseline", "snapshot")
"""Schemas: what is approved, and what is there now."""

_SAME_PLACE = "o.account_id = r.account_id AND o.region = r.region"


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; `con` has the store attached read-only as `store`."""

    con: duckdb.DuckDBPyConnection
    specs: tuple[TableSpec, ...]

    def lock(self) -> None:
        """Shut the session off from files, network and configuration, for good."""
        self.con.execute("SET enable_external_access = false")
        self.con.execute("SET lock_configuration = true")

    def select(
        self, sql: str, *, where: str | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run exactly one SELECT and return column names and rows; raises `QueryError`."""
        check_select(sql, where=where)
        watch = threading.Timer(QUERY_SECONDS, self.con.interrupt)
        watch.daemon = True
        watch.start()
        try:
            result = self.con.execute(sql)
            return [column[0] for column in result.description or ()], result.fetchall()
        except duckdb.InterruptException:
            raise QueryError(
                f"the query was stopped after {QUERY_SECONDS:.0f} s", where=where
            ) from None
        except duckdb.Error as exc:
            raise QueryError(str(exc), where=where) from None
        finally:
            watch.cancel()


@contextlib.contextmanager
def open_session(config: StoreConfig) -> Iterator[Session]:
    """Open a session over the store; the caller adds views and locks it."""
    with reading(config) as con:
        yield Session(con, tuple(table_specs(con)))


def check_select(sql: str, *, where: str | None = None) -> None:
    """Refuse everything but exactly one SELECT."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as exc:
        raise QueryError(str(exc), where=where) from None
    if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
        raise QueryError(
            "only one SELECT statement may be run here",
            where=where,
            hint="the store is read-only: no changes, no files, no settings",
        )


def show_sides(
    session: Session, snapshot: int, coverage: Sequence[Coverage], approved: Content
) -> None:
    """Create schemas `snapshot` and `baseline` over the scopes that can be compared."""
    con = session.con
    con.execute("CREATE SCHEMA snapshot")
    con.execute("CREATE SCHEMA baseline")
    _pair_scopes(con, coverage, approved)
    _load_overrides(con, approved)
    overridden = {override.table for override in approved.overrides}
    empty = empty_tables(con)
    for spec in session.specs:
        names = ", ".join(f'r."{c.name}"' for c in spec.columns)
        shown = f"{names}, r.row_hash, r.rowid AS row_number"
        stored = f'store.inventory."{spec.name}" r'
        if spec.name in empty:
            # NOTE: most joins with nothing are planned away, which is most of a small estate's time
            for side in SIDES:
                nothing = f"SELECT {shown} FROM {stored} WHERE false"
                con.execute(f'CREATE VIEW {side}."{spec.name}" AS {nothing}')
            continue
        paired = f"JOIN main.compared c ON c.table_name = '{spec.name}' AND {covers('c', 'r')}"
        con.execute(
            f'CREATE VIEW snapshot."{spec.name}" AS SELECT {shown} FROM {stored} {paired} '
            f"WHERE r.valid_from <= {snapshot} AND r.valid_to > {snapshot} "
            f"AND {present(spec, 'r')}"
        )
        con.execute(
            f'CREATE VIEW baseline."{spec.name}" AS '
            + _approved_rows(spec, shown, f"{stored} {paired}", spec.name in overridden)
        )
    _show_coverage(con, coverage, approved)
    for side in SIDES:
        create_vocabulary(con, side)


def show_changes(session: Session, settings: Sequence[Setting]) -> None:
    """Create `changes` (rows that differ) and `changed_settings` (their columns, in long form).

    Narrow first, widen after: keys and hashes find the rows, and only those are read in full.
    """
    con = session.con
    con.execute(
        "CREATE TABLE changes (table_name VARCHAR, cloud VARCHAR, account_id VARCHAR, "
        "region VARCHAR, resource_id VARCHAR, before_row BIGINT, after_row BIGINT)"
    )
    _load_settings(con, settings)
    since = {
        (table, column): number
        for table, column, number in con.execute(
            "SELECT table_name, column_name, since_snapshot FROM store.column_info"
        ).fetchall()
    }
    compared = {t for (t,) in con.execute("SELECT DISTINCT table_name FROM compared").fetchall()}
    compared -= empty_tables(con)
    parts = []
    for spec in session.specs:
        columns = sorted(
            {s.column for s in settings if s.table == spec.name} & {c.name for c in spec.columns}
        )
        if not columns or spec.name not in compared:
            continue
        changed = con.execute(
            f"INSERT INTO changes SELECT '{spec.name}', s.cloud, s.account_id, s.region, "
            f's.resource_id, b.row_number, s.row_number FROM baseline."{spec.name}" b '
            f'JOIN snapshot."{spec.name}" s USING (account_id, region, resource_id) '
            "WHERE b.row_hash <> s.row_hash "
            "AND b.incarnation_id IS NOT DISTINCT FROM s.incarnation_id"
        ).fetchone()
        if changed and changed[0]:
            parts.append(_long_form(spec.name, columns, since))
    nothing = (
        "SELECT NULL::VARCHAR AS table_name, NULL::VARCHAR AS cloud, NULL::VARCHAR AS account_id, "
        "NULL::VARCHAR AS region, NULL::VARCHAR AS resource_id, NULL::VARCHAR AS column_name, "
        "NULL::JSON AS before, NULL::JSON AS after WHERE false"
    )
    con.execute("CREATE VIEW changed_settings AS " + " UNION ALL ".join([nothing, *parts]))


def _long_form(table: str, columns: Sequence[str], since: dict[tuple[str, str], int]) -> str:
    """Return the SQL of one table's changed columns as rows.

    A column that the table got after the baseline was taken was not read then: its first value
    is no change. A row that has not changed since was read again all the same.
    """
    values = ", ".join(
        f"{{'column_name': '{c}', 'since': {since[table, c]}, "
        f"'before': to_json(b.\"{c}\")::VARCHAR, 'after': to_json(s.\"{c}\")::VARCHAR}}"
        for c in columns
    )
    return (
        "SELECT c.table_name, c.cloud, c.account_id, c.region, c.resource_id, v.column_name, "
        "v.before::JSON AS before, v.after::JSON AS after "
        "FROM (SELECT c.*, greatest(b.valid_from, k.base_snapshot) AS read_at, "
        f"unnest([{values}]) AS v FROM changes c "
        f"JOIN compared k ON k.table_name = c.table_name AND {covers('k', 'c')} "
        f'JOIN store.inventory."{table}" b ON b.rowid = c.before_row '
        f'JOIN store.inventory."{table}" s ON s.rowid = c.after_row '
        f"WHERE c.table_name = '{table}') c "
        "WHERE v.before IS DISTINCT FROM v.after AND v.since <= c.read_at"
    )


def _pair_scopes(
    con: duckdb.DuckDBPyConnection, coverage: Sequence[Coverage], approved: Content
) -> None:
    pairs = [
        (c.table, c.scope, approved.scopes[c.table, c.scope][0])
        for c in coverage
        if c.status is Status.COMPLETE and (c.table, c.scope) in approved.scopes
    ]
    con.execute(
        "CREATE TABLE compared AS SELECT unnest(?::VARCHAR[]) AS table_name, "
        "unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS account_id, "
        "unnest(?::VARCHAR[]) AS region, unnest(?::INTEGER[]) AS base_snapshot",
        [
            [table for table, _, _ in pairs],
            [scope.cloud for _, scope, _ in pairs],
            [scope.account_id for _, scope, _ in pairs],
            [scope.region for _, scope, _ in pairs],
            [base for _, _, base in pairs],
        ],
    )


def _load_overrides(con: duckdb.DuckDBPyConnection, approved: Content) -> None:
    rows = approved.overrides
    con.execute(
        "CREATE TABLE override AS SELECT unnest(?::VARCHAR[]) AS table_name, "
        "unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS region, "
        "unnest(?::VARCHAR[]) AS resource_id, unnest(?::UUID[]) AS row_hash",
        [
            [o.table for o in rows],
            [o.scope.account_id for o in rows],
            [o.scope.region for o in rows],
            [o.resource_id for o in rows],
            [o.row_hash for o in rows],
        ],
    )


def _approved_rows(spec: TableSpec, shown: str, paired: str, overridden: bool) -> str:
    base = (
        f"SELECT {shown} FROM {paired} WHERE r.valid_from <= c.base_snapshot "
        f"AND r.valid_to > c.base_snapshot AND {present(spec, 'r')}"
    )
    if not overridden:
        return base
    same = f"o.table_name = '{spec.name}' AND {_SAME_PLACE} AND o.resource_id = r.resource_id"
    return (
        f"{base} AND NOT EXISTS (SELECT 1 FROM main.override o WHERE {same}) "
        f"UNION ALL SELECT {shown} FROM {paired} JOIN main.override o ON {same} "
        f"AND o.row_hash = r.row_hash WHERE {present(spec, 'r')} QUALIFY row_number() OVER "
        "(PARTITION BY r.account_id, r.region, r.resource_id ORDER BY r.valid_from DESC) = 1"
    )


def _show_coverage(
    con: duckdb.DuckDBPyConnection, coverage: Sequence[Coverage], approved: Content
) -> None:
    kinds = "(SELECT kind FROM store.table_info i WHERE i.table_name = t.table_name) AS kind"
    con.execute(
        f"CREATE TABLE snapshot.coverage AS SELECT t.*, {kinds} FROM (SELECT "
        "unnest(?::VARCHAR[]) AS table_name, unnest(?::VARCHAR[]) AS cloud, "
        "unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS region, "
        "unnest(?::VARCHAR[]) AS status, unnest(?::BIGINT[]) AS rows, "
        "unnest(?::VARCHAR[]) AS detail) t",
        [
            [c.table for c in coverage],
            [c.scope.cloud for c in coverage],
            [c.scope.account_id for c in coverage],
            [c.scope.region for c in coverage],
            [c.status.value for c in coverage],
            [c.rows for c in coverage],
            [c.detail for c in coverage],
        ],
    )
    keys = list(approved.scopes)
    con.execute(
        f"CREATE TABLE baseline.coverage AS SELECT t.*, {kinds}, v.rows FROM (SELECT "
        "unnest(?::VARCHAR[]) AS table_name, unnest(?::VARCHAR[]) AS cloud, "
        "unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS region, "
        "unnest(?::INTEGER[]) AS snapshot) t LEFT JOIN store.coverage v "
        "USING (table_name, cloud, account_id, region, snapshot)",
        [
            [table for table, _ in keys],
            [scope.cloud for _, scope in keys],
            [scope.account_id for _, scope in keys],
            [scope.region for _, scope in keys],
            [snapshot for snapshot, _ in approved.scopes.values()],
        ],
    )


def _load_settings(con: duckdb.DuckDBPyConnection, settings: Sequence[Setting]) -> None:
    con.execute(
        "CREATE TABLE settings (id VARCHAR, table_name VARCHAR, column_name VARCHAR, "
        'title VARCHAR, comparator VARCHAR, "order" VARCHAR[], absent VARCHAR, loose VARCHAR, '
        "verdict VARCHAR, severity VARCHAR, weighted BOOLEAN, reason VARCHAR, remediation VARCHAR, "
        "attack VARCHAR[], controls VARCHAR[], source VARCHAR)"
    )
    rows = [s.model_dump(mode="json") for s in settings]
    if rows:
        columns = [[row[name] for row in rows] for name in rows[0]]
        con.execute(
            f"INSERT INTO settings SELECT {', '.join(['unnest(?)'] * len(columns))}", columns
        )
