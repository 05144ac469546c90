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

_MACROS = """
CREATE MACRO aws_service(protocol, first, last) AS CASE
    WHEN protocol = '-1' THEN 'all'
    WHEN protocol NOT IN ('tcp', 'udp', 'icmp', 'icmpv6') OR coalesce(first, -1) < 0 THEN protocol
    WHEN protocol IN ('tcp', 'udp') THEN protocol || '/' || first || '-' || coalesce(last, first)
    WHEN coalesce(last, -1) < 0 THEN protocol || '/' || first
    ELSE protocol || '/' || first || '/' || last
END;
CREATE MACRO azure_ports(ranges) AS CASE
    WHEN len(ranges) = 0 OR list_has_any(ranges, ['*', '0-65535']) THEN ['*'] ELSE ranges
END;
CREATE MACRO azure_source_ports(protocol, ranges) AS CASE
    WHEN protocol NOT IN ('*', 'any', 'tcp', 'udp') OR azure_ports(ranges) = ['*']
        THEN [NULL::VARCHAR]
    ELSE ranges
END;
CREATE MACRO azure_services(protocol, source_ranges, ranges) AS CASE
    WHEN protocol IN ('tcp', 'udp') THEN list_transform(
        azure_ports(ranges), lambda r: CASE r WHEN '*' THEN protocol ELSE protocol || '/' || r END)
    WHEN protocol NOT IN ('*', 'any') THEN [protocol]
    WHEN azure_ports(ranges) <> ['*'] THEN
        flatten(list_transform(ranges, lambda r: ['tcp/' || r, 'udp/' || r]))
    WHEN azure_ports(source_ranges) <> ['*'] THEN ['tcp', 'udp']
    ELSE ['all']
END;
CREATE MACRO azure_peer(holder, prefix) AS CASE
    WHEN prefix IN ('*', '') OR regexp_matches(prefix, '^[0-9]|:') THEN prefix
    ELSE 'service-tag ' || CASE replace(lower(prefix), '_', '')
        WHEN 'virtualnetwork' THEN 'VirtualNetwork of ' || holder
        WHEN 'internet' THEN 'Internet of ' || holder
        WHEN 'azureloadbalancer' THEN 'AzureLoadBalancer'
        ELSE lower(prefix)
    END
END;
CREATE MACRO azure_peers(holder, prefixes, kind, ids) AS CASE
    WHEN prefixes = [] AND ids = [] THEN ['']
    ELSE list_transform(prefixes, lambda p: azure_peer(holder, p))
        || list_transform(ids, lambda i: kind || ' ' || i)
END;
CREATE MACRO azure_locals(holder, prefixes, groups) AS CASE
    WHEN list_has_any(list_transform(prefixes, lambda p: lower(p)),
        ['*', 'virtualnetwork', 'virtual_network'])
        THEN [{'network': NULL::VARCHAR, 'targets': []::VARCHAR[]}]
    WHEN prefixes = [] AND groups <> [] THEN [{'network': NULL::VARCHAR, 'targets': groups}]
    ELSE list_transform(azure_peers(holder, prefixes, '', []),
            lambda n: {'network': n, 'targets': []::VARCHAR[]})
        || CASE WHEN groups = [] THEN [] ELSE [{'network': NULL::VARCHAR, 'targets': groups}] END
END
"""


def source_files(part: str, cloud: str | None = None) -> list[Path]:
    """Return the files of a part, sorted by name; those of one cloud, and those of every cloud."""
    files = sorted((shipped("queries") / "policy" / part).glob("*.sql"))
    return [f for f in files if cloud in (None, f.stem.partition("_")[0]) or f.stem == BUILT_IN]


def create_sources(con: duckdb.DuckDBPyConnection, cloud: str | None = None) -> None:
    """Create the views `policy_<part>` in the schemas of both sides, and the table of kinds.

    With a cloud only the files of that one are read.
    """
    con.execute(_MACROS)
    kinds: dict[str, Mapping[str, Any]] = {}
    for side in SIDES:
        for part, columns in COLUMNS.items():
            parts = []
            for path in source_files(part, cloud):
                header, sql = split_header(path)
                if _created(con, side, f"policy_{part}_{path.stem}", sql, path):
                    parts.append(path.stem)
                    if part == "rules":
                        kinds[path.stem] = header
            _unite(con, side, part, parts, columns)
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


def _created(con: duckdb.DuckDBPyConnection, side: str, name: str, sql: str, path: Path) -> bool:
    con.execute(f"USE memory.{side}")
    try:
        con.execute(f"CREATE VIEW {name} AS {sql}")
    except duckdb.CatalogException:
        return False
    except duckdb.Error as exc:
        raise QueryError(str(exc), where=str(path)) from None
    finally:
        con.execute("USE memory.main")
    return True
