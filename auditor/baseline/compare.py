"""What two versions of a baseline approve differently: resources, acceptances, scopes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import duckdb

from auditor.baseline.versions import Acceptance, Content, Key, covered
from auditor.model import Scope
from auditor.store.tables import covers, table_specs

Place = tuple[str, Scope, str]
"""A table, a scope and a resource id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One resource, or one scope of a table, that two versions approve differently."""

    table: str
    scope: Scope
    change: str
    """`added`, `removed` or `changed`; `covered` or `uncovered` for a whole scope."""
    resource_id: str | None = None
    columns: tuple[str, ...] = ()
    """Names of what differs in a changed resource."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that two versions approve differently, sorted."""

    resources: tuple[Difference, ...]
    scopes: tuple[Difference, ...]
    accepted: tuple[Acceptance, ...]
    """Findings that the newer version accepts and the older does not."""
    withdrawn: tuple[Acceptance, ...]


def compare(con: duckdb.DuckDBPyConnection, old: Content, new: Content) -> Comparison:
    """Return what two versions approve differently; only scopes that differ are read."""
    keys = _differing(old, new)
    before, after = effective(con, old, keys), effective(con, new, keys)
    found = []
    for place in sorted(before.keys() | after.keys()):
        table, scope, resource_id = place
        was, now = before.get(place), after.get(place)
        if was == now:
            continue
        change = "added" if was is None else "removed" if now is None else "changed"
        columns = _columns(con, place, was, now) if was and now else ()
        found.append(Difference(table, scope, change, resource_id, columns))
    both = old.scopes.keys() ^ new.scopes.keys()
    return Comparison(
        tuple(found),
        tuple(
            Difference(table, scope, "covered" if (table, scope) in new.scopes else "uncovered")
            for table, scope in sorted(both)
        ),
        _without(new.acceptances, old.acceptances),
        _without(old.acceptances, new.acceptances),
    )


def effective(
    con: duckdb.DuckDBPyConnection, content: Content, keys: Collection[Key]
) -> dict[Place, str]:
    """Return the hash of each row that a version approves in these scopes of tables."""
    wanted: defaultdict[str, dict[Scope, int]] = defaultdict(dict)
    for table, scope in keys:
        if (table, scope) in content.scopes:
            wanted[table][scope] = content.scopes[table, scope][0]
    rows: dict[Place, str] = {}
    for table, scopes in wanted.items():
        rows |= _rows(con, table, scopes)
    for override in content.overrides:
        if covered(keys, override.table, override.scope):
            place = (override.table, override.scope, override.resource_id)
            if override.row_hash is None:
                rows.pop(place, None)
            else:
                rows[place] = override.row_hash
    return rows


def _differing(old: Content, new: Content) -> set[Key]:
    known = old.scopes.keys() | new.scopes.keys()
    keys = {key for key in known if _digest(old, key) != _digest(new, key)}
    for override in set(old.overrides) ^ set(new.overrides):
        own = (override.table, override.scope)
        whole = (override.table, override.scope.whole_account)
        keys.add(whole if whole in known else own)
    return keys


def _digest(content: Content, key: Key) -> str | None:
    found = content.scopes.get(key)
    return found[1] if found else None


def _rows(
    con: duckdb.DuckDBPyConnection, table: str, scopes: Mapping[Scope, int]
) -> dict[Place, str]:
    found = con.execute(
        "SELECT t.cloud, t.account_id, t.region, t.resource_id, t.row_hash::VARCHAR "
        f'FROM store.inventory."{table}" t JOIN (SELECT unnest(?::VARCHAR[]) AS cloud, '
        "unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS region, "
        "unnest(?::INTEGER[]) AS snapshot) AS w "
        f"ON {covers('w', 't')} AND w.cloud = t.cloud "
        "WHERE t.valid_from <= w.snapshot AND t.valid_to > w.snapshot",
        [
            [scope.cloud for scope in scopes],
            [scope.account_id for scope in scopes],
            [scope.region for scope in scopes],
            list(scopes.values()),
        ],
    ).fetchall()
    return {(table, Scope(c, a, r), resource_id): digest for c, a, r, resource_id, digest in found}


def _columns(con: duckdb.DuckDBPyConnection, place: Place, was: str, now: str) -> tuple[str, ...]:
    table, scope, resource_id = place
    spec = next(s for s in table_specs(con) if s.name == table)
    names = spec.hashed_columns
    chosen = ", ".join(f'"{name}"' for name in names)
    rows = {
        row[0]: row[1:]
        for row in con.execute(
            f'SELECT row_hash::VARCHAR, {chosen} FROM store.inventory."{table}" '
            "WHERE account_id = ? AND region = ? AND resource_id = ? "
            "AND row_hash::VARCHAR IN (?, ?)",
            [scope.account_id, scope.region, resource_id, was, now],
        ).fetchall()
    }
    if was not in rows or now not in rows:
        return ()
    pairs = zip(names, rows[was], rows[now], strict=True)
    return tuple(name for name, old, new in pairs if old != new)


def _without(some: Iterable[Acceptance], others: Iterable[Acceptance]) -> tuple[Acceptance, ...]:
    known = set(others)
    return tuple(sorted((a for a in some if a not in known), key=lambda a: a.fingerprint))
