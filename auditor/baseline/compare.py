"""What two versions of a baseline approve differently: resources, acceptances, scopes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from auditor.baseline.versions import Acceptance, Content, Key, Override, covered
from auditor.model import Scope, TableSpec
from auditor.store.tables import covers, table_specs


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
    stored = {spec.name: spec for spec in table_specs(con)}
    found = [
        difference
        for table in sorted({table for table, _ in keys})
        for difference in _changes(con, stored[table], [_side(v, table, keys) for v in (old, new)])
    ]
    both = old.scopes.keys() ^ new.scopes.keys()
    return Comparison(
        tuple(sorted(found, key=lambda d: (d.table, d.scope, d.resource_id or ""))),
        tuple(
            Difference(table, scope, "covered" if (table, scope) in new.scopes else "uncovered")
            for table, scope in sorted(both)
        ),
        _without(new.acceptances, old.acceptances),
        _without(old.acceptances, new.acceptances),
    )


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


@dataclass(frozen=True, slots=True)
class _Side:
    """What one version approves of a table, in the scopes that differ."""

    snapshots: Mapping[Scope, int]
    overrides: Sequence[Override]

    @property
    def values(self) -> list[list[object]]:
        """The columns of `_SIDE`."""
        return [
            *_columns(self.snapshots),
            list(self.snapshots.values()),
            *_columns(o.scope for o in self.overrides),
            [o.resource_id for o in self.overrides],
            [o.row_hash for o in self.overrides],
        ]


def _side(content: Content, table: str, keys: Collection[Key]) -> _Side:
    return _Side(
        {
            scope: content.scopes[table, scope][0]
            for name, scope in keys
            if name == table and (table, scope) in content.scopes
        },
        [o for o in content.overrides if o.table == table and covered(keys, table, o.scope)],
    )


def _columns(scopes: Iterable[Scope]) -> list[list[object]]:
    scopes = list(scopes)
    return [[s.cloud for s in scopes], [s.account_id for s in scopes], [s.region for s in scopes]]


_SIDE = f"""
{{side}}_scopes AS (
    SELECT unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS account_id,
        unnest(?::VARCHAR[]) AS region, unnest(?::INTEGER[]) AS snapshot
),
{{side}}_overrides AS (
    SELECT unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS account_id,
        unnest(?::VARCHAR[]) AS region, unnest(?::VARCHAR[]) AS resource_id,
        unnest(?::UUID[]) AS row_hash
),
{{side}} AS (
    SELECT t.cloud, t.account_id, t.region, t.resource_id, t.row_hash
    FROM store.inventory."{{table}}" t
    JOIN {{side}}_scopes w ON {covers("w", "t")} AND w.cloud = t.cloud
    ANTI JOIN {{side}}_overrides o ON o.cloud = t.cloud AND o.account_id = t.account_id
        AND o.region = t.region AND o.resource_id = t.resource_id
    WHERE t.valid_from <= w.snapshot AND t.valid_to > w.snapshot
    UNION ALL
    SELECT * FROM {{side}}_overrides WHERE row_hash IS NOT NULL
)"""

_CHANGED = """
WITH {old}, {new}
SELECT cloud, account_id, region, resource_id, o.row_hash::VARCHAR, n.row_hash::VARCHAR
FROM old o FULL JOIN new n USING (cloud, account_id, region, resource_id)
WHERE o.row_hash IS DISTINCT FROM n.row_hash
"""

_NAMES = """
WITH changed AS (
    SELECT unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS account_id,
        unnest(?::VARCHAR[]) AS region, unnest(?::VARCHAR[]) AS resource_id,
        unnest(?::UUID[]) AS was, unnest(?::UUID[]) AS now
),
known AS (
    SELECT t.* FROM store.inventory."{table}" t
    JOIN changed c USING (cloud, account_id, region, resource_id)
    WHERE t.row_hash IN (c.was, c.now)
    QUALIFY row_number() OVER (
        PARTITION BY t.cloud, t.account_id, t.region, t.resource_id, t.row_hash
        ORDER BY t.valid_from
    ) = 1
)
SELECT cloud, account_id, region, resource_id, concat_ws(' ', {names})
FROM changed c
JOIN known b USING (cloud, account_id, region, resource_id)
JOIN known s USING (cloud, account_id, region, resource_id)
WHERE b.row_hash = c.was AND s.row_hash = c.now
"""


def _changes(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, sides: Sequence[_Side]
) -> Iterator[Difference]:
    old, new = (_SIDE.format(side=side, table=spec.name) for side in ("old", "new"))
    sql = _CHANGED.format(old=old, new=new)
    rows = con.execute(sql, [value for side in sides for value in side.values]).fetchall()
    names = _changed_columns(con, spec, [row for row in rows if row[4] and row[5]])
    for cloud, account, region, resource_id, was, now in rows:
        change = "added" if was is None else "removed" if now is None else "changed"
        columns = names.get((cloud, account, region, resource_id), ())
        yield Difference(spec.name, Scope(cloud, account, region), change, resource_id, columns)


def _changed_columns(
    con: duckdb.DuckDBPyConnection, spec: TableSpec, changed: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the columns that differ, by place."""
    if not changed:
        return {}
    names = ", ".join(
        f'CASE WHEN b."{name}" IS DISTINCT FROM s."{name}" THEN \'{name}\' END'
        for name in spec.hashed_columns
    )
    found = con.execute(
        _NAMES.format(table=spec.name, names=names), [list(c) for c in zip(*changed, strict=True)]
    ).fetchall()
    return {tuple(place): tuple(said.split()) for *place, said in found}


def _without(some: Iterable[Acceptance], others: Iterable[Acceptance]) -> tuple[Acceptance, ...]:
    known = set(others)
    return tuple(sorted((a for a in some if a not in known), key=lambda a: a.fingerprint))
