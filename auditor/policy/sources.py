"""Where rules come from: one file per kind of policy under `queries/policy`, for each side.

| part | a row says |
|---|---|
| `rules` | what one rule of a policy matches, and what then happens |
| `members` | a network that a symbol stands for, such as an entry of a prefix list |
| `layers` | a policy that applies to an interface of an instance, and where in the evaluation |
| `paths` | whether an interface can be reached from the Internet at all |

Each file is a SELECT over tables without a schema, as those of the vocabulary are; its name is its
registration. A file whose tables the store does not have, or has no row of, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from auditor.shipped import shipped, split_header
from auditor.store.selects import create_view, names_in
from auditor.store.tables import empty_tables

COLUMNS = {
    "rules": {
        "account_id": "VARCHAR",
        "region": "VARCHAR",
        "policy_id": "VARCHAR",
        "direction": "VARCHAR",
        "rank": "BIGINT",
        "action": "VARCHAR",
        "service": "VARCHAR",
        "peer": "VARCHAR",
        "source_ports": "VARCHAR",
        "local": "VARCHAR",
        "rule_id": "VARCHAR",
        "targets": "VARCHAR[]",
    },
    "members": {
        "symbol": "VARCHAR",
        "network": "VARCHAR",
        "is_excluded": "BOOLEAN",
        "is_instances": "BOOLEAN",
        "version": "VARCHAR",
    },
    "layers": {
        "account_id": "VARCHAR",
        "region": "VARCHAR",
        "instance_id": "VARCHAR",
        "interface_id": "VARCHAR",
        "conjunct": "VARCHAR",
        "stage": "INTEGER",
        "policy_id": "VARCHAR",
        "targets": "VARCHAR[]",
    },
    "paths": {
        "account_id": "VARCHAR",
        "region": "VARCHAR",
        "instance_id": "VARCHAR",
        "interface_id": "VARCHAR",
        "ipv4": "BOOLEAN",
        "ipv6": "BOOLEAN",
        "addresses": "VARCHAR[]",
        "obstacles": "VARCHAR[]",
    },
}
"""The columns that the files of each part return, in this order."""

SIDES = ("baseline", "snapshot")

BUILT_IN = "built_in"
"""The file of what no cloud has a policy for; the names of all others begin with their cloud."""

_VOCABULARY = {
    "instances": (
        "cloud",
        "account_id",
        "region",
        "resource_id",
        "name",
        "table_name",
        "network_id",
    ),
    "policies": ("resource_id", "name"),
}
"""Views that the steps read; they are not there where the store has no tables of some cloud."""


def source_files(part: str, cloud: str | None = None) -> list[Path]:
    """Return the files of a part, sorted by name; those of one cloud, and those of every cloud."""
    files = sorted((shipped("queries") / "policy" / part).glob("*.sql"))
    return [f for f in files if cloud in (None, f.stem.partition("_")[0]) or f.stem == BUILT_IN]


def create_sources(
    con: duckdb.DuckDBPyConnection, cloud: str | None = None, instance_id: str | None = None
) -> None:
    """Create the views `policy_<part>` in the schemas of both sides, and the table of kinds.

    With a cloud only the files of that one are read; with an instance, layers and paths are only
    of that one.
    """
    for path in source_files("macros", cloud):
        con.execute(split_header(path)[1])
    used = _used_files(con, cloud)
    kinds: dict[str, Mapping[str, Any]] = {}
    for part, columns in COLUMNS.items():
        for side in SIDES:
            views = {p.stem: p for p in used[part]}
            views = {n: p for n, p in views.items() if create_view(con, side, _view(part, n), p)}
            _unite(con, side, part, list(views), columns)
            if part == "rules":
                kinds |= {name: split_header(path)[0] for name, path in views.items()}
            if instance_id is not None and "instance_id" in columns:
                _limit(con, side, part, instance_id)
    for side in SIDES:
        _show_vocabulary(con, side)
    con.execute(
        "CREATE TABLE policy.kinds AS SELECT unnest(?::VARCHAR[]) AS kind, "
        "unnest(?::VARCHAR[]) AS cloud, unnest(?::VARCHAR[]) AS resource_type, "
        "unnest(?::VARCHAR[]) AS interfaces",
        [
            list(kinds),
            *(
                [header.get(key) for header in kinds.values()]
                for key in ("cloud", "resource_type", "interfaces")
            ),
        ],
    )


def _used_files(con: duckdb.DuckDBPyConnection, cloud: str | None) -> dict[str, list[Path]]:
    """Return the files of each part but those of empty tables: to plan their joins costs, too."""
    files = {part: source_files(part, cloud) for part in COLUMNS}
    tables = {f: source_tables(con, split_header(f)[1]) for some in files.values() for f in some}
    empty = empty_tables(con) & {name for names in tables.values() for name in names}
    # NOTE: a side may show rows that are not in the store, such as proposed ones.
    looks = [f"(SELECT '{t}' FROM {side}.{t} LIMIT 1)" for t in sorted(empty) for side in SIDES]
    shown = con.execute(" UNION ALL ".join(looks)).fetchall() if looks else []
    empty -= {name for (name,) in shown}
    return {
        part: [f for f in some if not tables[f] or tables[f] - empty]
        for part, some in files.items()
    }


def source_tables(con: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """Return the tables of the store, and views of the vocabulary, that a file reads."""
    return frozenset(name for name in names_in(con, sql) if "." not in name)


def _show_vocabulary(con: duckdb.DuckDBPyConnection, side: str) -> None:
    """Create `policy_instances` and `policy_policies`, empty where the vocabulary is not there."""
    for name, columns in _VOCABULARY.items():
        try:
            con.execute(
                f"CREATE VIEW {side}.policy_{name} AS "
                f"SELECT {', '.join(columns)} FROM {side}.{name}"
            )
        except duckdb.CatalogException:
            nothing = ", ".join(f"NULL::VARCHAR AS {column}" for column in columns)
            con.execute(f"CREATE VIEW {side}.policy_{name} AS SELECT {nothing} WHERE false")


def _view(part: str, name: str) -> str:
    return f"policy_{part}_{name}"


def _unite(
    con: duckdb.DuckDBPyConnection,
    side: str,
    part: str,
    names: list[str],
    columns: dict[str, str],
) -> None:
    chosen = ", ".join(f"{name}::{kind} AS {name}" for name, kind in columns.items())
    nothing = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
    selects = [f"SELECT NULL::VARCHAR AS kind, {nothing} WHERE false"]
    selects += [
        f"SELECT '{name}' AS kind, {chosen} FROM {side}.{_view(part, name)}" for name in names
    ]
    con.execute(f"CREATE VIEW {side}.policy_{part} AS " + " UNION ALL ".join(selects))


def _limit(con: duckdb.DuckDBPyConnection, side: str, part: str, instance_id: str) -> None:
    """Create the view `policy_touched_<part>`, the rows of one instance.

    A constant gets through joins and groups to the columns that it is about; a join with a table
    of ids does not, and would cost seconds in a large store.
    """
    name = f"policy.{side}_{part}"
    con.execute(
        f"CREATE TABLE {name} AS FROM {side}.policy_{part} WHERE instance_id = ?", [instance_id]
    )
    con.execute(f"CREATE VIEW {side}.policy_touched_{part} AS FROM {name}")
