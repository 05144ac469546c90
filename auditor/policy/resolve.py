"""What rules say, as intervals: services, ports, networks, and the members of symbols.

A symbol stands for networks that another resource holds: a prefix list, a group, a service tag.
One that nothing here resolves, or that has no members yet, is a point in the family `S`, which
compares by identity; every rule that matches any peer covers that family whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, reduce
from typing import Any

import duckdb

from auditor.policy.intervals import (
    PORTS,
    WIDTH,
    bound,
    complement,
    everything,
    intersection,
    network_bounds,
    service_bounds,
)

ANY = "*"
"""A peer that is every address of every family, and every symbol."""

INTERNET = {"internet ipv4": "4", "internet ipv6": "6"}
"""Built-in symbols: the public addresses of a family."""

CONTEXTS = {"network-context INTERNET": True, "network-context NON_INTERNET": False}
"""Built-in symbols of Google Cloud: public addresses, and all others; an approximation."""

AND = " & "
"""Between the parts of a peer that must all hold, such as a network and a context."""

_PRIVATE = {
    "4": (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    ),
    "6": ("::/3", "4000::/2", "8000::/1"),
}
"""Not reachable over the Internet.

IANA's special-purpose registries, what is no 2000::/3, and the address of Azure's hosts, which
belongs to every virtual network.
"""

Interval = tuple[str, str, str]
"""Family, first bound and end."""

Members = list[Interval] | ValueError
"""What a symbol stands for, or why that cannot be read."""


@cache
def public_intervals(family: str) -> tuple[tuple[str, str], ...]:
    """Return the public addresses of a family, as bounds."""
    return tuple(complement(family, (network_bounds(n)[1:] for n in _PRIVATE[family])))


def resolve_services(con: duckdb.DuckDBPyConnection) -> None:
    """Create `policy.services` and `policy.ports`, and remember what cannot be read.

    `policy.problems` names each rule that cannot be parsed: a policy with one has no verdict.
    """
    con.execute(
        "CREATE TABLE policy.problems (policy_id VARCHAR, rule_id VARCHAR, problem VARCHAR)"
    )
    _parse(con, "services", "service", service_bounds)
    _parse(con, "ports", "source_ports", _port_bounds)
    con.execute(
        "INSERT INTO policy.problems SELECT DISTINCT policy_id, rule_id, "
        "'unknown action ' || coalesce(action, 'none') FROM policy.rules WHERE level IS NULL"
    )
    con.execute(
        "INSERT INTO policy.problems SELECT policy_id, min(rule_id), 'has the same place as ' || "
        "max(rule_id) || ' and does something else' FROM policy.rules "
        "GROUP BY side, policy_id, direction, rank HAVING count(DISTINCT level) > 1"
    )


def _parse(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    bounds: Callable[[str], tuple[int, int]],
) -> None:
    texts = _distinct(con, column)
    good: list[tuple[str, int, int]] = []
    bad: list[tuple[str, str]] = []
    for text in texts:
        try:
            good.append((text, *bounds(text)))
        except ValueError as exc:
            bad.append((text, str(exc)))
    _create(con, table, {column: "VARCHAR", "low": "INTEGER", "high": "INTEGER"}, good)
    _report(con, column, bad)


def resolve_peers(con: duckdb.DuckDBPyConnection) -> None:
    """Create `policy.peers`, `.families` and `.points`: networks, and symbols that matter."""
    matters = "(NOT contains({0}, ' ') OR number IN (SELECT number FROM policy.met_rules))"
    texts = {
        text
        for column in ("peer", "local")
        for text in _distinct(con, column, matters.format(column))
    }
    found: list[tuple[str, str, str, str, str]] = []
    bad: list[tuple[str, str]] = []
    opaque: list[tuple[str, str]] = []
    parts = {part for text in texts for part in text.split(AND)} - {*INTERNET, *CONTEXTS}
    members = _members(con, sorted(part for part in parts if " " in part))
    for when in ("before", "after"):
        for text in texts:
            try:
                intervals = _intervals(text, members[when])
            except ValueError as exc:
                bad.append((text, str(exc)))
                continue
            if intervals is None:
                opaque.append((when, text))
            else:
                found += [(when, text, family, low, high) for family, low, high in intervals]
    points = {text: n for n, text in enumerate(sorted({text for _, text in opaque}))}
    for when, text in opaque:
        found.append((when, text, "S", bound("4", points[text]), bound("4", points[text] + 1)))
    end = bound("4", len(points) + 1)
    for when in ("before", "after"):
        found += [(when, text, "S", bound("4", 0), end) for text in texts if _covers_all(text)]
    columns = ("members", "peer", "family", "low", "high")
    _create(con, "peers", dict.fromkeys(columns, "VARCHAR"), found)
    families = [(family, *everything(family)) for family in WIDTH]
    families.append(("S", bound("4", 0), end))
    _create(con, "families", dict.fromkeys(("family", "low", "high"), "VARCHAR"), families)
    _create(
        con,
        "points",
        {"symbol": "VARCHAR", "low": "VARCHAR"},
        [(text, bound("4", n)) for text, n in points.items()],
    )
    _report(con, "peer", bad)
    _report(con, "local", bad)


def _covers_all(text: str) -> bool:
    """Return whether a peer covers every symbol, wherever on the Internet that may be.

    A whole family ends in `/0`, however its address is written.
    """
    return all(
        part in (ANY, "network-context INTERNET") or (part.endswith("/0") and " " not in part)
        for part in text.split(AND)
    )


def _intervals(text: str, members: dict[str, Members]) -> list[Interval] | None:
    """Return what a peer matches; None for a symbol that stands for nothing known."""
    if AND in text:
        parts = [_intervals(part, members) for part in text.split(AND)]
        known: list[Iterable[Interval]] = [part for part in parts if part is not None]
        return list(reduce(intersection, known)) if len(known) == len(parts) else None
    if text == ANY:
        return [(family, *everything(family)) for family in WIDTH]
    if text in INTERNET:
        family = INTERNET[text]
        return [(family, *interval) for interval in public_intervals(family)]
    if text in CONTEXTS:
        return [(family, *interval) for family in WIDTH for interval in _context(text, family)]
    if " " not in text:
        return [network_bounds(text)]
    found = members.get(text)
    if isinstance(found, ValueError):
        raise found
    return found


def _context(text: str, family: str) -> Iterable[tuple[str, str]]:
    public = public_intervals(family)
    return public if CONTEXTS[text] else complement(family, public)


def _members(
    con: duckdb.DuckDBPyConnection, symbols: Sequence[str]
) -> dict[str, dict[str, Members]]:
    """Return the networks of each symbol, before and after.

    Before: as in the baseline where it was known there; what only stood in for a list there, since
    the policy applied nowhere yet, gives way to the list of the snapshot. After: lists as in the
    snapshot, groups of instances as before, since their members come and go.
    """
    known = _networks_of(con, "baseline", symbols)
    # NOTE: only what depends on the policy, and says so with ` of `, is ever stood in for.
    passing = {s for s, (is_instances, _) in known.items() if is_instances and " of " not in s}
    lists = _networks_of(con, "snapshot", {*symbols} - passing, "NOT is_instances")
    rest = {*symbols} - {*known, *lists}
    lasting = {s: found for s, found in known.items() if s not in lists or not found[0]}
    found = _networks_of(con, "snapshot", rest, "is_instances") | lists | lasting
    before = {symbol: intervals for symbol, (_, intervals) in found.items()}
    return {"before": before, "after": before | {s: found for s, (_, found) in lists.items()}}


def _networks_of(
    con: duckdb.DuckDBPyConnection, side: str, symbols: Collection[str], where: str = "true"
) -> dict[str, tuple[bool, Members]]:
    """Return the networks of these symbols on a side, and whether they are instances'."""
    if not symbols:
        return {}
    # NOTE: constants get through to the tables of members; a join would make every symbol first.
    rows = con.execute(
        "SELECT symbol, is_instances, list(DISTINCT network) FILTER (WHERE NOT is_excluded), "
        "list(DISTINCT network) FILTER (WHERE is_excluded) "
        f"FROM {side}.policy_members WHERE symbol IN ({', '.join('?' * len(symbols))}) "
        f"AND network IS NOT NULL AND {where} GROUP BY ALL",
        sorted(symbols),
    ).fetchall()
    return {symbol: (passing, _union(*networks)) for symbol, passing, *networks in rows}


def _union(listed: Sequence[str] | None, excluded: Sequence[str] | None) -> Members:
    """Return the intervals of some networks; of excluded ones, what is left of all addresses."""
    try:
        found = [network_bounds(network) for network in listed or ()]
        without = [network_bounds(network) for network in excluded or ()]
    except ValueError as exc:
        return exc
    for family in WIDTH if without else ():
        inside = [(low, high) for kind, low, high in without if kind == family]
        found += [(family, *rest) for rest in complement(family, inside)]
    return found


def _port_bounds(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise ValueError(f"{text!r} is no port")
    low, high = int(first), int(last or first)
    if not low <= high < PORTS:
        raise ValueError(f"{text!r} has no ports between 0 and 65535, the lower one first")
    return low, high + 1


def _distinct(con: duckdb.DuckDBPyConnection, column: str, where: str = "true") -> list[str]:
    rows = con.execute(
        f'SELECT DISTINCT "{column}" FROM policy.rules WHERE "{column}" IS NOT NULL AND {where} '
        "ORDER BY 1"
    ).fetchall()
    return [text for (text,) in rows]


def _create(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    named = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in columns.items())
    lists = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    con.execute(f"CREATE TABLE policy.{table} AS SELECT {named}", lists)


def _report(con: duckdb.DuckDBPyConnection, column: str, bad: Iterable[tuple[str, str]]) -> None:
    for text, problem in dict(bad).items():
        con.execute(
            f"INSERT INTO policy.problems SELECT DISTINCT policy_id, rule_id, ? FROM policy.rules "
            f"WHERE {column} = ?",
            [problem, text],
        )
