"""What the drift queries read: a verdict per policy and direction, and per instance.

`policy.changes`: policies whose rules, or whose symbols' members, now allow more or less.
`policy.instance_changes`: instances that more or less gets to, though no rule changed: layers came
or went, a path from the Internet opened, or a new instance accepts what none of its peers does.
What a rule changed is told once, at the policy, with the instances that it gets to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson

from auditor.model import Severity, Verdict
from auditor.policy.reach import NAMED, Group, Instances
from auditor.policy.regions import Region, read_regions
from auditor.policy.severity import Reach, severity_of
from auditor.policy.wording import Known, content, sentence

_COLUMNS = {
    "cause": "VARCHAR",
    "cloud": "VARCHAR",
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "resource_id": "VARCHAR",
    "resource_type": "VARCHAR",
    "detail_key": "VARCHAR",
    "verdict": "VARCHAR",
    "severity": "VARCHAR",
    "reason": "VARCHAR",
    "before": "JSON",
    "after": "JSON",
}

_WORST = [Verdict.LOOSENED, Verdict.TIGHTENED]

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything that was read back of an evaluation."""

    regions: Mapping[int, Sequence[Region]]
    known: Known
    instances: Instances


def tell_changes(con: duckdb.DuckDBPyConnection) -> None:
    """Create `policy.changes` and `policy.instance_changes` from an evaluation."""
    regions = read_regions(con)
    found = _Found(regions, known_rules(con), Instances(con, regions))
    _write(con, "changes", [*_policies(con, found), *_unknown(con)])
    _write(con, "instance_changes", [*_attachments(con, found), *_newcomers(con, found)])


def _policies(con: duckdb.DuckDBPyConnection, found: _Found) -> Iterable[Row]:
    rows = con.execute(
        "SELECT s.subject, s.what, s.policy_id, s.target, h.* EXCLUDE (policy_id) "
        "FROM policy.subjects s JOIN policy.held h USING (policy_id) "
        "WHERE s.what IN ('policy', 'members') ORDER BY ALL"
    ).fetchall()
    for subject, what, policy_id, target, cloud, account, region, kind, name, is_read in rows:
        for (verdict, direction), regions in _split(found.regions.get(subject, ())).items():
            reach, got = found.instances.reached(policy_id, regions)
            if not is_read:
                reach = Reach.UNKNOWN
            parts = [
                sentence(regions, found.known),
                _of("in", name),
                f"for {target}" if target else "",
            ]
            if what == "members":
                parts.append("the rules are the same, a list that they name changed")
            parts.append(_gets_to(reach, got))
            yield (
                "rules" if what == "policy" else what, cloud, account, region,
                policy_id.partition(" ")[0], kind,
                " ".join(filter(None, [direction, target, what if what == "members" else ""])),
                verdict.value, _severity(what, regions, reach).value,
                "; ".join(filter(None, parts)), *_allowed(verdict, regions),
            )  # fmt: skip


def _severity(what: str, regions: Sequence[Region], reach: Reach) -> Severity:
    """Return a severity; a list that somebody maintains matters if it lets strangers in."""
    severity = severity_of(regions, reach)
    if what == "members" and severity.rank > Severity.HIGH.rank:
        return Severity.INFO
    return severity


def _unknown(con: duckdb.DuckDBPyConnection) -> Iterable[Row]:
    """Yield an UNKNOWN verdict for each changed policy that cannot be evaluated."""
    rows = con.execute(
        "SELECT policy_id, any_value(h.cloud), any_value(h.account_id), any_value(h.region), "
        "any_value(h.resource_type), any_value(h.name), list(DISTINCT p.rule_id || ': ' || "
        "p.problem ORDER BY p.rule_id || ': ' || p.problem) FROM policy.problems p "
        "JOIN policy.held h USING (policy_id) SEMI JOIN policy.changed USING (policy_id) "
        "GROUP BY policy_id ORDER BY policy_id"
    ).fetchall()
    for policy_id, cloud, account, region, kind, name, problems in rows:
        told = "; ".join(problems[:NAMED])
        yield (
            "rules", cloud, account, region, policy_id.partition(" ")[0], kind, "",
            Verdict.UNKNOWN.value, Severity.MEDIUM.value,
            "; ".join(filter(None, [f"cannot be evaluated: {told}", _of("in", name)])), None,
            orjson.dumps({"problems": problems}).decode(),
        )  # fmt: skip


def _attachments(con: duckdb.DuckDBPyConnection, found: _Found) -> Iterable[Row]:
    rows = con.execute("SELECT * FROM policy.moved ORDER BY ALL").fetchall()
    for instance, cloud, account, region, kind, name, cause, subject, open_to, gained, lost in rows:
        exposure = _split(found.instances.regions(instance, open_to))
        exposed = (Verdict.LOOSENED, "ingress") in exposure
        chosen = exposure if cause == "path" else _split(found.instances.regions(instance, subject))
        worst = min((v for v, _ in chosen), key=_WORST.index, default=None)
        for (verdict, direction), regions in chosen.items():
            if verdict is not worst:
                continue
            is_reached = exposed and direction == "ingress"
            told = [sentence(regions), _of("instance", name), _moved(cause, gained, lost)]
            if is_reached and cause != "path":
                told.append("the Internet gets there")
            yield (
                cause, cloud, account, region, instance, kind, direction, verdict.value,
                severity_of(regions, Reach.EXPOSED if is_reached else Reach.REACHED).value,
                "; ".join(filter(None, told)), *_allowed(verdict, regions),
            )  # fmt: skip


def _moved(cause: str, gained: Sequence[str], lost: Sequence[str]) -> str:
    if cause == "path":
        return f"path from the Internet: {lost[0]} before, {gained[0]} now"
    said = [f"{_names(gained)} now applies"] if gained else []
    return ", ".join([*said, *([f"{_names(lost)} no longer does"] if lost else [])])


def _newcomers(con: duckdb.DuckDBPyConnection, found: _Found) -> Iterable[Row]:
    rows = con.execute("SELECT * FROM policy.beside ORDER BY ALL").fetchall()
    for instance, cloud, account, region, kind, name, subject, peers, path in rows:
        for (verdict, direction), regions in _split(
            found.instances.regions(instance, subject)
        ).items():
            if verdict is not Verdict.LOOSENED:
                continue
            exposed = path != "no public path" and direction == "ingress"
            told = (
                sentence(regions),
                _of("instance", name),
                f"none of the {peers} approved instances of its network allows that",
            )
            yield (
                "peers", cloud, account, region, instance, kind, direction, verdict.value,
                severity_of(regions, Reach.EXPOSED if exposed else Reach.REACHED).value,
                "; ".join(filter(None, told)), *_allowed(verdict, regions),
            )  # fmt: skip


def _split(
    regions: Iterable[Region],
) -> dict[tuple[Verdict, str], list[Region]]:
    groups: defaultdict[tuple[Verdict, str], list[Region]] = defaultdict(list)
    for region in regions:
        groups[region.verdict, region.direction].append(region)
    return dict(groups)


def _allowed(verdict: Verdict, regions: Sequence[Region]) -> tuple[str | None, str | None]:
    """Return before and after: what only one of them allows, in lines that approvals bind to."""
    lines = orjson.dumps({"allowed": content(regions)}).decode()
    return (None, lines) if verdict is Verdict.LOOSENED else (lines, None)


def _of(word: str, name: str | None) -> str:
    return f'{word} "{name}"' if name else ""


def _gets_to(reach: Reach, got: Group) -> str:
    """Say where it gets: by names where there are some, since ids tell a person nothing."""
    if got.count == len(got.names):
        told = _names(got.names)
    else:
        told = "1 instance" if got.count == 1 else f"{got.count} instances"
        told += f", such as {', '.join(got.names)}" if got.names else ""
    if reach is Reach.EXPOSED:
        return f"the Internet gets to {told}"
    if reach is Reach.REACHED:
        return f"applies to {told}"
    return {
        Reach.BLOCKED: "latent: another layer of every instance still decides",
        Reach.UNUSED: "no instance uses it",
        Reach.UNKNOWN: "not known which instances it gets to",
    }[reach]


def _names(names: Sequence[str]) -> str:
    shown = [name.rsplit("/", 1)[-1] for name in names[:NAMED]]
    more = len(names) - NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def known_rules(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], set[str]]:
    """Return the sides on which each rule that decides a region is there, by policy and rule id."""
    rows = con.execute(
        "SELECT policy_id, rule_id, list(DISTINCT side) FROM policy.rules SEMI JOIN ("
        "SELECT policy_id, rule_id FROM policy.rules "
        "JOIN (SELECT unnest(old_rules || new_rules) AS number FROM policy.regions) USING (number)"
        ") USING (policy_id, rule_id) GROUP BY ALL"
    ).fetchall()
    return {(policy_id, rule_id): set(sides) for policy_id, rule_id, sides in rows}


def _write(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _COLUMNS]
    chosen = ", ".join(f"unnest(?::VARCHAR[])::{k} AS {n}" for n, k in _COLUMNS.items())
    con.execute(f"CREATE TABLE policy.{table} AS SELECT {chosen}", columns)
