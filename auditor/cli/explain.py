"""`audit explain`: what may reach an instance, why, and what changed since the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.cli.common import (
    ConfigOption,
    JsonOption,
    ResourceArgument,
    SnapshotOption,
    load,
    out,
    print_json,
    short,
    visible,
)

RULES = 5
"""How many rules of a policy are named before the rest is counted."""

Found = Mapping[str, Any]


def explain(
    instance: ResourceArgument,
    config: ConfigOption = None,
    snapshot: SnapshotOption = None,
    json: JsonOption = False,
) -> None:
    """Say what may reach an instance, by which rules, and what changed since the baseline."""
    from auditor.inquiry import explain_instance

    found = explain_instance(load(config), instance, snapshot)
    if json:
        print_json(found)
        return
    console = out()
    for line in _lines(found):
        console.print(line, soft_wrap=True)


def _lines(found: Found) -> Iterator[str]:
    yield visible(found["resource_id"])
    if not found["observed"]:
        yield "Its scope was not read in this snapshot: this is what was last known."
    for key, value in found["instance"].items():
        yield f"  {key}: {short(value)}"
    if found["not_read"]:
        yield "\nNot read in this snapshot, and taken as open below:"
        yield from _unread(found["not_read"])
    yield from _allowed(found)
    yield from _path(found)
    yield from _since(found["since_baseline"])


def _allowed(found: Found) -> Iterator[str]:
    if found["problems"]:
        yield "\nWhat may reach it cannot be evaluated: some rules cannot be read."
        for problem in found["problems"]:
            yield visible(f"  rule {problem['rule']} of {problem['policy']}: {problem['problem']}")
        return
    if not found["path"]["interfaces"]:
        if found["not_read"]:
            yield "\nWhat may reach it is not known: what says so was not read."
        else:
            yield "\nNo layer of rules was found for it: it has no network interface."
        return
    for direction, title in (("ingress", "May reach it:"), ("egress", "May be reached by it:")):
        yield f"\n{title}"
        some = [a for a in found["allowed"] if a["direction"] == direction]
        for allowed in some:
            yield visible(f"  {allowed['traffic']}  {_why(allowed)}")
        if not some:
            yield "  nothing"


def _why(allowed: Found) -> str:
    rules = _rules(allowed["rules"])
    if not allowed["decided"]:
        told = ["not decided by what was read"]
    else:
        verb = "allowed, and inspected," if allowed["inspected"] else "allowed"
        told = [f"{verb} by {rules}"]
    if allowed["internet"]:
        told.append("by way of the Internet")
    if allowed["approximate"]:
        told.append("known by name only")
    return "; ".join(told)


def _rules(rules: Sequence[Found]) -> str:
    """Return rules by policy, such as `rules sgr-1, sgr-2 (group web), no policy (subnet)`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        groups.setdefault((rule["layer"], rule["name"]), []).append(rule["rule"])
    told = []
    for (layer, name), ids in groups.items():
        more = f" and {len(ids) - RULES} more" if len(ids) > RULES else ""
        kind = "" if not name else "rule " if len(ids) == 1 else "rules "
        told.append(f"{kind}{', '.join(ids[:RULES])}{more} ({f'{layer} {name}'.strip()})")
    return ", ".join(told)


def _path(found: Found) -> Iterator[str]:
    for path in found["path"]["interfaces"]:
        name = str(path["interface"]).rsplit("/", 1)[-1]
        families = [text for key, text in (("ipv4", "IPv4"), ("ipv6", "IPv6")) if path[key]]
        if not path["read"]:
            told = "not read, taken as open"
        elif families:
            told = f"open for {' and '.join(families)}"
        else:
            told = f"none: {', '.join(path['obstacles']) or 'closed'}"
        yield "\n" + visible(f"Path from the Internet to {name}: {told}")


def _since(since: Found) -> Iterator[str]:
    if since["baseline"] is None:
        yield "\nThis snapshot was not compared with a baseline."
        return
    version = f"{since['baseline']['name']} version {since['baseline']['version']}"
    yield "\n" + visible(f"Since the baseline ({version}):")
    yield from _changes(since)
    if since["findings"]:
        yield "\nFindings about it and its policies:"
    for finding in since["findings"]:
        yield (
            f"  {finding['severity']} {finding['verdict']} {visible(finding['reason'])} "
            f"(audit findings show {finding['fingerprint'][:8]})"
        )


def _changes(since: Found) -> Iterator[str]:
    if since["is_new"]:
        yield "  the baseline does not have this instance"
    elif not since["is_compared"]:
        yield "  not known: its scope was not read, or is not in the baseline"
    elif not since["changes"]:
        yield "  nothing more and nothing less may reach it, or be reached by it"
    for change in since["changes"]:
        yield visible(f"  {change['verdict']} {change['direction']}: {change['what']}")
    hidden = [table for table in since["unread"] if table["status"] == "not approved"]
    if hidden:
        yield "  not compared, since the baseline does not have it:"
        yield from (f"  {line}" for line in _unread(hidden))


def _unread(tables: Iterable[Found]) -> Iterator[str]:
    for table in tables:
        yield visible(f"  {table['table']} ({table['status']}): {'; '.join(table['what'])}")
