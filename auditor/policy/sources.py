"""Where rules come from: one file per kind of policy under `queries/policy`, for each side.

| part | a row says |
|---|---|
| `rules` | what one rule of a policy matches, and what then happens |
| `members` | a network that a symbol stands for, such as an entry of a prefix list |
| `layers` | a policy that applies to an interface of an instance, and where in the evaluation |
| `paths` | whether an interface can be reached from the Internet at all |

Each file is a SELECT over tables without a schema, as those of the vocabulary are; its name is its
registration. A file whose tables the store does not have is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from auditor.errors import QueryError
from auditor.shipped import shipped, split_header

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


def create_view(con: duckdb.DuckDBPyConnection, schema: str, name: str, path: Path) -> bool:
    """Create a view of a file over the tables of a schema; False where they are not there.

    Raises `QueryError` for SQL that is wrong.
    """
    con.execute(f"USE memory.{schema}")
    try:
        con.execute(f'CREATE VIEW "{name}" AS {split_header(path)[1]}')
    except duckdb.CatalogException:
        return False
    except duckdb.Error as exc:
        raise QueryError(str(exc), where=str(path)) from None
    finally:
        con.execute("USE memory.main")
    return True


def create_sources(
    con: duckdb.DuckDBPyConnection, cloud: str | None = None, instance_id: str | None = None
) -> None:
    """Create the views `policy_<part>` in the schemas of both sides, and the table of kinds.

    With a cloud only the files of that one are read; with an instance, layers and paths are only
    of that one.
    """
    for path in source_files("macros", cloud):
        con.execute(split_header(path)[1])
    kinds: dict[str, Mapping[str, Any]] = {}
    for side in SIDES:
        for part, columns in COLUMNS.items():
            parts = []
            for path in source_files(part, cloud):
                if create_view(con, side, f"policy_{part}_{path.stem}", path):
                    parts.append(path.stem)
                    if part == "rules":
                        kinds[path.stem], _ = split_header(path)
            _unite(con, side, part, parts, columns)
            if instance_id is not None and "instance_id" in columns:
                _limit(con, side, part, instance_id)
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
        f"SELECT '{name}' AS kind, {chosen} FROM {side}.policy_{part}_{name}" for name in names
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
