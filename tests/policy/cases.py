"""Cases of what policies allow, as files that a person can read and write.

`tests/cases/policies/<cloud>/<topic>.toml`; every file of a cloud goes into one store, so that all
of them cost two snapshots. Each case is an account of its own there.

    cloud = "azure"
    home = "/subscriptions/.../providers/Microsoft.Network"      # what a leading `~` stands for

    [[both.azure_network_security_groups]]            # documents of both sides of every case
    id = "~/networkSecurityGroups/web"

    [defaults.azure_network_security_group_rules]     # what each document of a table has
    properties.protocol = "Tcp"                       # unless it says otherwise (merged deeply)

    [[case]]
    name = "a deny above an allow is removed"
    both.azure_network_interfaces = [{...}]           # of both sides of this case
    before.azure_network_security_group_rules = [{...}, {...}]
    after.azure_network_security_group_rules = [{...}]
    expect.policy = ["web: LOOSENED tcp/22 from 203.0.113.0/24"]
    expect.profile = ["vm-1: LOOSENED tcp/22 from 203.0.113.0/24"]

A document is what the table's `fetch` yields. Write the account as `world.SCOPES` has it; the
other accounts of a case are `222222222222`, `...-000000000002`, `project-2`. `_scope = {account_id
= ..., region = ...}` in a document says where it was read, if not in the first account. `unread =
[tables]` are not read in the later snapshot, `never_read = [tables]` in neither.

`expect` has the lines of each kind of subject, `policy`, `members`, `profile`, `exposure` and
`peers`, in any order; a kind that it does not have must have none, so no `expect` at all means
that nothing changed. `problems` are rules that cannot be parsed, `<rule>: <problem>`.

A line: `<who>: <LOOSENED or TIGHTENED> <services> <from (ingress) or to (egress)> <peers>`.

- who: the last part of the policy's id (and ` [target]`), or of the instance's.
- services: `tcp/22`, `tcp/80-81`, `all`, `icmp type 8`; several are joined by `, `.
- peers: networks, IPv4 first; a whole family is `0.0.0.0/0` or `::/0`, with `except ...` where that
  is shorter, and all its public addresses are `internet ipv4` or `internet ipv6`; then symbols that
  stand for nothing known, as `<kind> <name>`, if no network is named.
- then, where they are not all: ` port <source ports>` and ` at <local networks>`.
- then, where it is not between deny and allow: ` (<before> -> <after>)`, of `deny`, `next`,
  `inspect`, `allow`.

Symbols are shared by all cases of a cloud: names that have no account in them, such as those of
service tags, are to be used in one case only where their members matter.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from auditor.model import Scope
from auditor.policy.intervals import complement, everything, networks, service_names
from auditor.policy.resolve import public_intervals
from tests.policy.world import SCOPES, compared

FOLDER = Path(__file__).parents[1] / "cases" / "policies"
KINDS = ("policy", "members", "profile", "exposure", "peers", "problems")
LEVELS = ("deny", "next", "inspect", "allow")
SIDES = ("before", "after")

_ACCOUNTS = {
    "aws": (r"\b([1-9])\1{11}\b", "{case:06d}{which:06d}"),
    "azure": (r"0{8}-0{4}-0{4}-0{4}-0{11}([1-9])", "00000000-0000-0000-0000-{case:06d}{which:06d}"),
    "gcp": (r"\bproject-([1-9])\b", "project-{which}-of-{case}"),
}
"""How accounts are written in cases, and what they are in the store that all cases share."""


@dataclass(frozen=True)
class Case:
    """One case; `number` tells its accounts from those of others."""

    cloud: str
    topic: str
    number: int
    data: Mapping[str, Any]
    file: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.topic}: {self.data['name']}"

    def expected(self) -> dict[str, list[str]]:
        """Return the expected lines of each kind that has any."""
        wanted = self.data.get("expect", {})
        assert set(wanted) <= set(KINDS), f"{self}: unknown kinds in {sorted(wanted)}"
        return {kind: sorted(lines) for kind, lines in wanted.items() if lines}

    def raws(self, side: str) -> Iterator[tuple[str, tuple[Any, Scope]]]:
        """Yield table, document and scope of one side, in the accounts of the shared store."""
        for part in (self.file.get("both"), self.data.get("both"), self.data.get(side)):
            for table, documents in (part or {}).items():
                for document in documents:
                    full = _merged(self.file.get("defaults", {}).get(table, {}), document)
                    scope = self.scope(full.pop("_scope", {}))
                    yield table, (self._moved(full), scope)

    def scope(self, wanted: Mapping[str, str] | None = None) -> Scope:
        """Return the scope that a document is from."""
        home, wanted = SCOPES[self.cloud], wanted or {}
        account = self._moved(wanted.get("account_id", home.account_id))
        return Scope(self.cloud, account, wanted.get("region", home.region))

    def _moved(self, value: Any) -> Any:
        if isinstance(value, str):
            pattern, form = _ACCOUNTS[self.cloud]
            full = re.sub(r"^~", self.file.get("home", "~"), value)
            return re.sub(
                pattern, lambda found: form.format(case=self.number, which=int(found[1])), full
            )
        if isinstance(value, Mapping):
            return {key: self._moved(item) for key, item in value.items()}
        return [self._moved(item) for item in value] if isinstance(value, list) else value


def load(cloud: str) -> list[Case]:
    """Return the cases of a cloud."""
    found: list[Case] = []
    for path in sorted((FOLDER / cloud).glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        assert content["cloud"] == cloud, path
        for data in content["case"]:
            found.append(Case(cloud, path.stem, len(found) + 1, data, content))
    assert len({str(case) for case in found}) == len(found), "two cases have the same name"
    return found


def judged(cases: Sequence[Case], folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return what is found for each case, by its text, as `Case.expected` has it."""
    sides: dict[str, defaultdict[str, list[Any]]] = {side: defaultdict(list) for side in SIDES}
    for case in cases:
        for side in SIDES:
            for table, raw in case.raws(side):
                sides[side][table].append(raw)
    with compared(
        folder,
        *(sides[side] for side in SIDES),
        scopes=[case.scope() for case in cases],
        unread=[(table, c.scope()) for c in cases for table in c.data.get("unread", ())],
        never_read=[(table, c.scope()) for c in cases for table in c.data.get("never_read", ())],
    ) as con:
        return _found(con, cases)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    found = {**base}
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _merged(found[key], value) if both else value
    return found


def _found(
    con: duckdb.DuckDBPyConnection, cases: Sequence[Case]
) -> dict[str, dict[str, list[str]]]:
    owners = {moved: case for case in cases for moved in _accounts(case)}
    found = {str(case): {kind: [] for kind in KINDS} for case in cases}
    for what, account, who, line in _lines(con):
        found[str(owners[account])][what].append(f"{who}: {line}")
    for account, rule, problem in con.execute(
        "SELECT DISTINCT account_id, p.rule_id, problem FROM policy.problems AS p "
        "JOIN policy.rules USING (policy_id)"
    ).fetchall():
        found[str(owners[account])]["problems"].append(f"{_short(rule)}: {problem}")
    return {
        case: {kind: sorted(lines) for kind, lines in kinds.items() if lines}
        for case, kinds in found.items()
    }


def _accounts(case: Case) -> set[str]:
    return {scope.account_id for side in SIDES for _, (_, scope) in case.raws(side)}


def _lines(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, account, who and line of all that changed."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for account, peer in con.execute("SELECT account_id, peer FROM policy.rules").fetchall():
        used[account].add(peer)
    rows = con.execute("SELECT symbol FROM policy.points ORDER BY low").fetchall()
    points = [symbol for (symbol,) in rows]
    regions: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    result = con.execute("SELECT * FROM policy.regions")
    names = [column[0] for column in result.description or ()]
    for row in result.fetchall():
        region = dict(zip(names, row, strict=True))
        regions[region["subject"]].append(region)
    for what, subject, account, who in con.execute(_WHO).fetchall():
        known = [symbol if symbol in used[account] else "" for symbol in points]
        for line in described(regions[subject], known):
            yield what, account, _short(who), line


_WHO = """
SELECT DISTINCT s.what, s.subject, r.account_id,
    s.policy_id || CASE WHEN s.target <> '' THEN ' [' || s.target || ']' ELSE '' END AS who
FROM policy.subjects AS s JOIN policy.rules AS r USING (policy_id)
UNION ALL
SELECT s.what, s.subject, i.account_id, i.instance_id
FROM policy.subjects AS s JOIN policy.instances AS i
    ON i.kind = s.what AND i.before = s.before AND i.after = s.after
UNION ALL
SELECT s.what, s.subject, i.account_id, i.instance_id
FROM policy.subjects AS s JOIN policy.instances AS i
    ON s.what = 'peers' AND i.kind = 'profile' AND i.before IS NULL AND i.after = s.after
SEMI JOIN policy.fresh AS f ON f.instance_id = i.instance_id
"""


def _short(who: str) -> str:
    return re.sub(r"[^\s\[]*/", "", who)


def described(regions: Sequence[Mapping[str, Any]], points: Sequence[str]) -> list[str]:
    """Return the lines of one subject's regions; `points` are the symbols of the family `S`."""
    peers: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    for region in sorted(regions, key=lambda one: one["family"]):
        key, texts = _key(region), _peers(region, points)
        if region["family"] != "S" or not any(_same_traffic(key, other) for other in peers):
            peers[key] += [text for text in texts if text not in peers[key]]
    services: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    for key, texts in sorted(peers.items()):
        if texts:
            services[(*key[2:], ", ".join(texts))] += service_names(*key[:2])
    return [_line(key, names) for key, names in services.items()]


def _key(region: Mapping[str, Any]) -> tuple[Any, ...]:
    local = _networks(region["family"], region["local_low"], region["local_high"])
    ports = (region["port_low"], region["port_high"] - 1)
    return (
        region["service_low"],
        region["service_high"],
        region["direction"],
        region["old_level"],
        region["new_level"],
        "" if ports == (0, 65535) else f" port {ports[0]}-{ports[1]}",
        "" if local in ("0.0.0.0/0", "::/0", "") else f" at {local}",
    )


def _same_traffic(key: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return other[0] <= key[0] and key[1] <= other[1] and key[2:5] == other[2:5]


def _line(key: tuple[Any, ...], services: list[str]) -> str:
    direction, old, new, ports, local, peers = key
    verdict = "LOOSENED" if new > old else "TIGHTENED"
    levels = "" if {old, new} == {0, 3} else f" ({LEVELS[old]} -> {LEVELS[new]})"
    way = "from" if direction == "ingress" else "to"
    return f"{verdict} {', '.join(services)} {way} {peers}{ports}{local}{levels}"


def _peers(region: Mapping[str, Any], points: Sequence[str]) -> list[str]:
    family, intervals = region["family"], [(p["low"], p["high"]) for p in region["peers"]]
    if family == "S":
        numbers = [n for low, high in intervals for n in range(int(low, 16), int(high, 16))]
        named = [points[n] for n in numbers if n < len(points) and points[n]]
        return [_short(symbol.partition(" of ")[0]) for symbol in named]
    if tuple(intervals) == public_intervals(family):
        return [f"internet ipv{family}"]
    listed = [text for low, high in intervals for text in networks(family, low, high)]
    rest = [n for low, high in complement(family, intervals) for n in networks(family, low, high)]
    if len(rest) < len(listed):
        whole = networks(family, *everything(family))[0]
        return [f"{whole} except {' '.join(rest)}" if rest else whole]
    return listed


def _networks(family: str, low: str, high: str) -> str:
    return "" if family == "S" else " ".join(networks(family, low, high))
