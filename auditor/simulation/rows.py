"""Rows of proposed rules, made by the `transform` that makes them of the provider's answers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from auditor.collect.batch import prepare, to_batch
from auditor.collect.catalog import all_tables
from auditor.collect.table import ResourceTable
from auditor.diff.proposed import replace_rows
from auditor.diff.session import Session
from auditor.errors import UsageError
from auditor.model import Row, Scope
from auditor.proposals.kinds import Kind
from auditor.proposals.model import Raw

if TYPE_CHECKING:
    import pyarrow as pa

    from auditor.simulation.placing import Place

Key = tuple[Any, ...]

_MISFITS = (AttributeError, KeyError, TypeError, ValueError)
"""What a `transform` raises for a document that is not as the provider writes it."""


def row_of(table: str, raw: Raw, scope: Scope, where: str, **values: str) -> Row:
    """Return the stored row of a document; raises `UsageError` for one that cannot be used."""
    definition = _tables()[table]
    try:
        return prepare(definition, {**definition.transform(raw, scope), **values})
    except _MISFITS as exc:
        what = f"{exc.args[0]} is missing" if isinstance(exc, KeyError) else str(exc)
        raise UsageError(
            f"{definition.title.lower()}: {what}",
            where=where,
            hint="write it as the provider returns it",
        ) from None


def propose(session: Session, table: str, kind: Kind, places: Iterable[Place]) -> None:
    """Put the rules of these policies in the place of those of the snapshot."""
    rows: list[Row] = []
    defaults: list[Row] = []
    policies: list[Row] = []
    gone: list[str] = []
    for place in places:
        found, dropped = _rules(session, kind, place)
        rows += found
        gone += dropped
        if place.new is not None:
            policies.append(place.new)
            defaults += _keyed(kind, place, kind.defaults, place.where).values()
    if policies:
        replace_rows(session, table, both=_batch(table, policies))
    if rows or gone or defaults:
        replace_rows(
            session,
            kind.rules,
            gone=gone,
            after=_batch(kind.rules, rows),
            both=_batch(kind.rules, defaults),
        )


def _rules(session: Session, kind: Kind, place: Place) -> tuple[list[Row], list[str]]:
    """Return the rows that come in, and the ids of those that go."""
    keyed = partial(_keyed, kind, place)
    is_whole = any(p.rules is not None for p in place.proposals)
    rows: dict[Key, Row] = {}
    for proposal in place.proposals:
        rows |= keyed(proposal.rules or (), proposal.where)
    touched: set[Key] = set()
    for proposal in place.proposals:
        dropped = keyed(proposal.dropped, proposal.where)
        touched |= dropped.keys()
        rows = {key: row for key, row in rows.items() if key not in dropped}
    for proposal in place.proposals:
        rows |= keyed(proposal.added, proposal.where)
    touched |= rows.keys()
    existing = session.con.execute(
        f"SELECT resource_id, coalesce({kind.fixed}, false), {', '.join(kind.same)} "
        f'FROM snapshot."{kind.rules}" WHERE {kind.owner} = ?',
        [place.resource_id],
    ).fetchall()
    gone = [
        rule_id
        for rule_id, is_fixed, *key in existing
        if tuple(key) in touched or (is_whole and not is_fixed)
    ]
    return list(rows.values()), gone


def _keyed(kind: Kind, place: Place, raws: Iterable[Raw], where: str) -> dict[Key, Row]:
    """Return the rows of rules of a policy, by what makes two of them the same."""
    told = {
        "account_id": place.scope.account_id,
        "region": place.scope.region,
        kind.owner: place.resource_id,
    }
    found = (
        row_of(kind.rules, kind.bind(raw, place.resource_id), place.scope, where, **told)
        for raw in raws
    )
    return {tuple(row[column] for column in kind.same): row for row in found}


def _batch(table: str, rows: Iterable[Row]) -> pa.RecordBatch:
    return to_batch(_tables()[table], rows)


@cache
def _tables() -> dict[str, ResourceTable]:
    return {table.name: table for table in all_tables()}
