r"""Digests over stored content: of a scope, of a snapshot, and the chain of seals.

- scope digest: sha256 over the lines `<resource_id> <row_hash>\\n` of a table in one scope,
  sorted by resource_id;
- content digest: sha256 over the lines `<table> <cloud> <account> <region> <scope digest>\\n`
  of every complete scope, sorted: equal content gives an equal digest, whenever it was read;
- seal: sha256 of the snapshot's header as canonical JSON, with all coverage and the seal before
  it, so that no snapshot can be altered, dropped or put in between unnoticed;
- run digest: sha256 over what a run recorded as lines of canonical JSON: its row of `run` with the
  digest of the run before it as `previous`, the rows of `finding` that began in its snapshot
  without `last_seen`, and its rows of `finding_event`, each sorted; what is NULL is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import duckdb

from auditor.model import Coverage, Scope, Snapshot, Status
from auditor.store.hashing import canonical, digest, utc
from auditor.store.schema import OPEN
from auditor.store.tables import covers

EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()
"""Scope digest of a scope without resources."""


def scope_digests(
    con: duckdb.DuckDBPyConnection,
    table: str,
    scopes: Iterable[Scope],
    *,
    at: int | None = None,
) -> dict[Scope, str]:
    """Return the digest of each scope of a table, now or at a snapshot.

    The scope `global` of an account holds the table's rows of all its regions.
    """
    scopes = list(scopes)
    valid = f"t.valid_to = {OPEN}" if at is None else f"t.valid_from <= {at} AND t.valid_to > {at}"
    found = {
        Scope(cloud, account, region): value
        for cloud, account, region, value in con.execute(
            "SELECT w.cloud, w.account_id, w.region, sha256(string_agg(t.resource_id || ' ' || "
            "t.row_hash::VARCHAR || chr(10), '' ORDER BY t.resource_id)) "
            f'FROM store.inventory."{table}" t JOIN (SELECT unnest(?::VARCHAR[]) AS cloud, '
            "unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS region) AS w "
            f"ON {covers('w', 't')} AND w.cloud = t.cloud WHERE {valid} GROUP BY ALL",
            [
                [scope.cloud for scope in scopes],
                [scope.account_id for scope in scopes],
                [scope.region for scope in scopes],
            ],
        ).fetchall()
    }
    return {scope: found.get(scope, EMPTY_DIGEST) for scope in scopes}


def inserted_digest(con: duckdb.DuckDBPyConnection, table: str, snapshot: int) -> str:
    """Return the digest of the row versions that a snapshot added, volatile columns included."""
    found = con.execute(
        "SELECT sha256(string_agg(account_id || ' ' || region || ' ' || resource_id || ' ' || "
        "row_hash::VARCHAR || ' ' || evidence_hash::VARCHAR || chr(10), '' "
        "ORDER BY account_id, region, resource_id)) "
        f'FROM store.inventory."{table}" WHERE valid_from = {snapshot}'
    ).fetchone()
    return str(found[0]) if found and found[0] else EMPTY_DIGEST


def content_digest(coverage: Iterable[Coverage]) -> str:
    """Return the digest of all completely read scopes."""
    lines = sorted(
        f"{c.table} {c.scope.cloud} {c.scope.account_id} {c.scope.region} {c.digest}\n"
        for c in coverage
        if c.status is Status.COMPLETE
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def run_digests(con: duckdb.DuckDBPyConnection, snapshot: int | None = None) -> dict[int, str]:
    """Return the digest of what each run recorded, or the run of one snapshot, by snapshot."""
    where = "IS NOT NULL" if snapshot is None else f"= {snapshot}"
    hashes: dict[int, hashlib._Hash] = {}
    for sql in (
        "SELECT * EXCLUDE (digest), lag(digest) OVER (ORDER BY snapshot) AS previous "
        "FROM store.run",
        "SELECT * EXCLUDE (first_seen, last_seen), first_seen AS snapshot FROM store.finding",
        "SELECT * FROM store.finding_event",
    ):
        found = con.execute(f"SELECT * FROM ({sql}) WHERE snapshot {where} ORDER BY ALL")
        names = [column[0] for column in found.description or ()]
        while row := found.fetchone():
            said = dict(zip(names, row, strict=True))
            line = canonical({name: value for name, value in said.items() if value is not None})
            hashes.setdefault(said["snapshot"], hashlib.sha256()).update(line + b"\n")
    return {number: value.hexdigest() for number, value in hashes.items()}


def seal_digest(snapshot: Snapshot, coverage: Iterable[Coverage]) -> str:
    """Return the digest that seals a snapshot's header and coverage and links it to the last."""
    return digest(
        {
            "id": snapshot.id,
            "run_id": snapshot.run_id,
            "started_at": utc(snapshot.started_at),
            "sealed_at": utc(snapshot.sealed_at),
            "tool_version": snapshot.tool_version,
            "config_digest": snapshot.config_digest,
            "rows": snapshot.rows,
            "digest": snapshot.digest,
            "previous_digest": snapshot.previous_digest,
            "approval_head": snapshot.approval_head,
            "coverage": sorted(
                [
                    c.table,
                    c.scope.cloud,
                    c.scope.account_id,
                    c.scope.region,
                    c.status.value,
                    c.rows,
                    c.error_kind,
                    c.detail,
                    c.digest,
                ]
                for c in coverage
            ),
        }
    )
