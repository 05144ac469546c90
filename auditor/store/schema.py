"""The store's own tables and the steps from one schema version to the next.

Tables of the inventory are not here: `tables.py` creates them from the tables' definitions.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from auditor.errors import StoreVersionError

OPEN = 2_147_483_647
"""`valid_to` of a row that still holds."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE SCHEMA inventory;
    CREATE TABLE table_info (
        table_name VARCHAR, cloud VARCHAR, title VARCHAR, description VARCHAR, kind VARCHAR,
        owner_column VARCHAR, gone JSON, since_snapshot INTEGER
    );
    CREATE TABLE column_info (
        table_name VARCHAR, column_name VARCHAR, type VARCHAR, description VARCHAR,
        volatile BOOLEAN, position INTEGER, since_snapshot INTEGER
    );
    CREATE TABLE snapshot (
        id INTEGER, run_id VARCHAR, started_at TIMESTAMP, sealed_at TIMESTAMP,
        tool_version VARCHAR, config_digest VARCHAR, rows BIGINT, digest VARCHAR,
        previous_digest VARCHAR, approval_head VARCHAR, seal VARCHAR
    );
    CREATE TABLE coverage (
        snapshot INTEGER, table_name VARCHAR, cloud VARCHAR, account_id VARCHAR, region VARCHAR,
        status VARCHAR, rows BIGINT, error_kind VARCHAR, detail VARCHAR, digest VARCHAR
    );
    CREATE TABLE table_change (
        snapshot INTEGER, table_name VARCHAR, inserted BIGINT, closed BIGINT, digest VARCHAR
    );
    CREATE TABLE run (
        snapshot INTEGER, baseline_name VARCHAR, baseline_version INTEGER, outcome VARCHAR,
        fail_on VARCHAR, skipped_queries JSON, problems JSON, finished_at TIMESTAMP
    );
    CREATE TABLE finding (
        baseline_name VARCHAR, fingerprint VARCHAR, query_id VARCHAR, cloud VARCHAR,
        account_id VARCHAR, region VARCHAR, resource_id VARCHAR, resource_type VARCHAR,
        detail_key VARCHAR, first_seen INTEGER, last_seen INTEGER
    );
    CREATE TABLE finding_event (
        baseline_name VARCHAR, fingerprint VARCHAR, snapshot INTEGER, event VARCHAR,
        verdict VARCHAR, severity VARCHAR, title VARCHAR, reason VARCHAR, before JSON, after JSON,
        content_hash VARCHAR, attack VARCHAR[], controls VARCHAR[], remediation VARCHAR,
        before_row_hash VARCHAR, after_row_hash VARCHAR
    );
    CREATE TABLE baseline_version (
        name VARCHAR, version INTEGER, snapshot INTEGER, digest VARCHAR, previous_digest VARCHAR,
        prepared_by VARCHAR, approved_by VARCHAR, approved_at TIMESTAMP, reason VARCHAR,
        ticket VARCHAR, review_due TIMESTAMP, scopes BIGINT, signature VARCHAR
    );
    CREATE TABLE baseline_scope (
        name VARCHAR, version INTEGER, table_name VARCHAR, cloud VARCHAR, account_id VARCHAR,
        region VARCHAR, snapshot INTEGER, digest VARCHAR
    );
    CREATE TABLE baseline_override (
        name VARCHAR, version INTEGER, table_name VARCHAR, cloud VARCHAR, account_id VARCHAR,
        region VARCHAR, resource_id VARCHAR, row_hash UUID
    );
    CREATE TABLE baseline_acceptance (
        name VARCHAR, version INTEGER, table_name VARCHAR, cloud VARCHAR, account_id VARCHAR,
        region VARCHAR, fingerprint VARCHAR, content_hash VARCHAR
    );
    """,
    "ALTER TABLE finding_event ADD COLUMN attribution JSON;",
    "ALTER TABLE run ADD COLUMN signed_by VARCHAR[];",
    "ALTER TABLE finding_event ADD COLUMN waiver JSON;",
    """
    ALTER TABLE run ADD COLUMN tool_version VARCHAR;
    ALTER TABLE run ADD COLUMN rules VARCHAR;
    ALTER TABLE run ADD COLUMN digest VARCHAR;
    """,
)
"""Step i leads from schema version i to i + 1; released steps are never edited."""

CURRENT = len(MIGRATIONS)
RUN_DIGESTS = 5
"""The schema version since which each run has a digest of what it recorded."""


def version_of(con: duckdb.DuckDBPyConnection) -> int:
    """Return the schema version of the attached store; 0 for an empty file."""
    known = con.execute(
        "SELECT count(*) FROM duckdb_tables() "
        "WHERE database_name = 'store' AND table_name = 'migration'"
    ).fetchone()
    if not known or not known[0]:
        return 0
    found = con.execute("SELECT max(version) FROM store.migration").fetchone()
    return int(found[0] or 0) if found else 0


def migrate(con: duckdb.DuckDBPyConnection, *, now: datetime, tool_version: str, path: str) -> None:
    """Bring the attached store to the current schema, in one transaction per step."""
    version = version_of(con)
    refuse_newer(version, path)
    for step in range(version, CURRENT):
        con.execute("BEGIN")
        con.execute("USE store")
        if step == 0:
            con.execute(
                "CREATE TABLE migration (version INTEGER, applied_at TIMESTAMP, tool VARCHAR)"
            )
        con.execute(MIGRATIONS[step])
        con.execute("INSERT INTO migration VALUES (?, ?, ?)", [step + 1, now, tool_version])
        con.execute("COMMIT")
        con.execute("USE memory")


def refuse_newer(version: int, path: str) -> None:
    """Raise `StoreVersionError` for a store that a newer program wrote."""
    if version > CURRENT:
        raise StoreVersionError(
            f"the store has schema version {version}; this program knows up to {CURRENT}",
            where=path,
            hint="upgrade the program that reads it; the file was not changed",
        )
