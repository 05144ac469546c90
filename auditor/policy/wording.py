"""One line for a person: what is now allowed that was not, from where, and why.

Networks are told in the shorter of two ways, as they are or as all but the others, and cut after
`SHOWN`. `content` is the same without a cut and without rules: what an approval binds to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.model import Verdict
from auditor.policy.intervals import (
    WIDTH,
    complement,
    everything,
    networks,
    service_names,
)
from auditor.policy.regions import Bounds, Region, Rule
from auditor.policy.resolve import public_intervals

SHOWN = 5
"""How many networks, services or regions are named before the rest is counted."""

_UNCOUNTED = 1 << 32
"""More addresses than a person wants to read a number of."""

_WHOLE = {"4": "0.0.0.0/0", "6": "::/0"}

Known = Mapping[tuple[str, str], set[str]]
"""Sides on which each rule, by policy and rule id, is there."""


def sentence(regions: Sequence[Region], known: Known | None = None) -> str:
    """Return what some regions of one verdict say, such as `tcp/22 now also from 0.0.0.0/0`.

    With the rules that are known on either side, it names those that decide.
    """
    told = list(dict.fromkeys(_told(region, known) for region in regions))
    more = len(told) - SHOWN
    return "; ".join(told[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def content(regions: Iterable[Region]) -> list[str]:
    """Return everything that some regions allow, as sorted lines without rules."""
    lines = set()
    for region in regions:
        near = _near(region.direction)
        for peer in peers_of(region):
            for service in service_names(*region.service):
                lines.add(f"{region.direction} {service} {near} {peer}{_limits(region)}")
    return sorted(lines)


def traffic(region: Region) -> str:
    """Return what is in a region, such as `tcp/22 from prefix-list pl-1 (300 addresses)`."""
    where, count = _where(region), addresses(region) if region.symbol else 0
    if 0 < count < _UNCOUNTED:
        where = f"{symbol_name(region.symbol)} ({count} {'address' if count == 1 else 'addresses'})"
    services = _cut(service_names(*region.service))
    return f"{services} {_near(region.direction)} {where}{_limits(region)}"


def addresses(region: Region) -> int:
    """Return how many addresses of peers a region has."""
    bounds = (found for family in WIDTH for found in region.peers.get(family, ()))
    return sum(int(high, 16) - int(low, 16) for low, high in bounds)


def peers_of(region: Region) -> list[str]:
    """Return the peers of a region, all of them: networks, or the symbol that names them."""
    if region.symbol:
        return [symbol_name(region.symbol)]
    found = []
    for family, bounds in region.peers.items():
        if family == "S":
            found += [symbol_name(name) for name, _ in bounds]
        else:
            found += [n for low, high in bounds for n in networks(family, low, high)]
    return found


def _told(region: Region, known: Known | None) -> str:
    services = _cut(service_names(*region.service))
    near = _near(region.direction)
    word = "now also" if region.verdict is Verdict.LOOSENED else "no longer"
    why = _why(region, known) if known is not None else ""
    if region.loses_inspection:
        word = "no longer inspected"
    notes = [*(["approximate"] if region.is_approximate else []), *([why] if why else [])]
    return f"{services} {word} {near} {_where(region)}{_limits(region)}" + (
        f" ({', '.join(notes)})" if notes else ""
    )


def _near(direction: str) -> str:
    return "from" if direction == "ingress" else "to"


def _where(region: Region) -> str:
    if region.symbol:
        count = addresses(region)
        name = symbol_name(region.symbol)
        return f"{name} ({count} addresses)" if 1 < count < 1 << 16 else name
    if _is_internet(region.peers):
        return "the Internet"
    return _cut([part for family, found in region.peers.items() for part in _parts(family, found)])


def _is_internet(peers: Mapping[str, tuple[Bounds, ...]]) -> bool:
    """Return whether these are all public addresses, and no others, of at least one family."""
    return bool(peers) and all(
        family in WIDTH and found == public_intervals(family) for family, found in peers.items()
    )


def _parts(family: str, found: Sequence[Bounds]) -> list[str]:
    if family == "S":
        return [symbol_name(name) for name, _ in found]
    if list(found) == [everything(family)]:
        return [_WHOLE[family]]
    plain = [n for low, high in found for n in networks(family, low, high)]
    if len(plain) <= 1:
        return plain
    rest = [n for low, high in complement(family, found) for n in networks(family, low, high)]
    if len(rest) < len(plain):
        return [f"{_WHOLE[family]} except {_cut(rest)}"]
    return plain


def symbol_name(symbol: str) -> str:
    """Return a symbol as people know it, without the policy that it depends on."""
    return symbol.partition(" of ")[0]


def _limits(region: Region) -> str:
    text = ""
    if region.local:
        family = next(f for f, width in WIDTH.items() if len(region.local[0][0]) == width)
        away = "at" if region.direction == "ingress" else "from"
        text += f" {away} {_cut(_parts(family, region.local))}"
    if region.ports:
        ranges = [f"{a}" if a == b - 1 else f"{a}-{b - 1}" for a, b in region.ports]
        text += f" with source port {_cut(ranges)}"
    return text


def _why(region: Region, known: Known) -> str:
    """Name the rules that decide: those that are new, or those that no longer stand in the way."""
    loosened = region.verdict is Verdict.LOOSENED
    added = [r for r in region.new_rules if "baseline" not in known.get(_key(r), ())]
    dropped = [r for r in region.old_rules if "snapshot" not in known.get(_key(r), ())]
    said = []
    if added:
        said.append(f"{_rules(added)} added")
    if dropped:
        said.append(f"{_rules(dropped)} removed")
    if not said:
        changed = region.new_rules if loosened else region.old_rules
        others = region.old_rules if loosened else region.new_rules
        if others and not any(r.rule_id == o.rule_id for r in changed for o in others):
            now = f"{_rules(changed)} does" if changed else "no rule does"
            said.append(f"{_rules(others)} no longer decides, {now}")
        elif changed:
            said.append(f"{_rules(changed)} changed")
    return ", ".join(said)


def _key(rule: Rule) -> tuple[str, str]:
    return rule.policy_id, rule.rule_id


def _rules(rules: Sequence[Rule]) -> str:
    names = list(dict.fromkeys(rule.rule_id for rule in rules))
    return ("rule " if len(names) == 1 else "rules ") + _cut(names)


def _cut(parts: Sequence[str]) -> str:
    more = len(parts) - SHOWN
    return ", ".join(parts[:SHOWN]) + (f" and {more} more" if more > 0 else "")
