"""Policies that decide before the rules of a network, and what all of them together come to.

Written from what the providers say about evaluation, and apart from rows, views and SQL: firewall
policies of Google Cloud and security admin rules of Azure. A stage is a list of steps; the first
that matches decides, and `next` leaves it to the stage behind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from tests.policy.points import PUBLIC, Grid
from tests.policy.providers import (
    DIRECTIONS,
    NUMBERS,
    PORTS,
    SERVICES,
    SIZES,
    Interval,
    Match,
    Peer,
    block,
    everything,
    network,
    nsg_services,
    port_ranges,
    service_tag,
    symbol,
)

DENY, NEXT, INSPECT, ALLOW = range(4)
GOOGLE = {
    "deny": DENY,
    "goto_next": NEXT,
    "apply_security_profile_group": INSPECT,
    "allow": ALLOW,
}
AZURE = {"Deny": DENY, "Allow": NEXT, "AlwaysAllow": ALLOW}

Rule = Mapping[str, Any]
Levels = Sequence[int]
"""The points of each level; a point has one level."""


class Step(NamedTuple):
    """One rule; `limits` must hold beside its peers, where there are any."""

    level: int
    match: Match
    limits: tuple[Peer, ...] = ()


NOT_PUBLIC = tuple(
    (family, *side) for family, low, high in PUBLIC for side in ((0, low), (high, SIZES[family]))
)
"""All addresses but the points of the grid that are public."""


def steps(matches: Iterable[Match]) -> list[Step]:
    """Return rules that allow or deny as a stage."""
    return [Step(ALLOW if match.allows else DENY, match) for match in matches]


def decided(grid: Grid, stages: Iterable[Sequence[Step]], direction: str) -> Levels:
    """Return what stages decide one after the other; `next` is where none of them does."""
    found, left = [0, 0, 0, 0], grid.everywhere
    for stage in stages:
        open_ = left
        for step in sorted(stage, key=lambda step: step.match.rank):
            if step.match.direction == direction:
                hit = grid.covered(step.match) & open_
                if step.limits:
                    hit &= grid.at("peer", step.limits)
                open_ &= ~hit
                if step.level != NEXT:
                    found[step.level] |= hit
                    left &= ~hit
    found[NEXT] = left
    return found


def most_open(grid: Grid, some: Sequence[Levels]) -> Levels:
    """Return the highest level at each point."""
    found, left = [0, 0, 0, 0], grid.everywhere
    for level in (ALLOW, INSPECT, NEXT, DENY):
        found[level] = reduce(or_, (levels[level] for levels in some), 0) & left
        left &= ~found[level]
    found[DENY] |= left
    return found


def only(levels: Levels, where: int) -> Levels:
    """Return the levels in some points, and deny in all others."""
    kept = [points & where for points in levels]
    return [reduce(or_, levels, 0) & ~where | kept[DENY], *kept[1:]]


def short(text: str) -> str:
    """Return a target without the paths of its names."""
    return re.sub(r"\S*/", "", text).lower()


def firewall_policy(
    rules: Sequence[Rule],
    symbols: Sequence[str],
    names: Collection[str],
    subnets: Mapping[str, Sequence[str]],
) -> Iterator[Step]:
    """Yield the rules of a policy of Google Cloud that apply to an instance with these names.

    `subnets` are the ranges of VPC networks that rules may name as sources.
    """
    for rule in rules:
        match, ingress = rule["match"], rule["direction"] == "INGRESS"
        far, near = ("src", "dest") if ingress else ("dest", "src")
        if rule.get("disabled") or not applies(rule, names):
            continue
        ranges = list(match.get(f"{far}IpRanges") or ())
        tags = match.get(f"{far}SecureTags") or []
        if far == "src" and tags and not ranges and not effective(tags):
            continue
        yield Step(
            GOOGLE[rule["action"]],
            Match(
                rule["priority"],
                rule["action"] == "allow",
                DIRECTIONS[not ingress],
                tuple(layer4(match["layer4Configs"])),
                tuple(policy_peers(match, far, list(symbols))),
                tuple(
                    peer
                    for text in match.get(f"{near}IpRanges") or ()
                    for peer in network(text, everything(symbols))[:1]
                ),
            ),
            policy_limits(match, far, subnets, len(symbols)),
        )


def applies(rule: Rule, names: Collection[str]) -> bool:
    """Say whether an instance is in a network of the rule, and has an account or tag of it.

    Rules for load balancers apply to what has that kind among its names: to no instance.
    """
    networks = {short(f"network {one}") for one in rule.get("targetResources") or ()}
    tags = rule.get("targetSecureTags") or []
    others = {f"account {one}" for one in rule.get("targetServiceAccounts") or ()}
    others |= {short(f"secure tag {tag}") for tag in effective(tags)}
    if tags and not effective(tags):
        return False
    if rule.get("targetType", "INSTANCES") != "INSTANCES":
        others.add(f"kind {rule['targetType']}".lower())
    return all(not some or some & set(names) for some in (networks, others))


def effective(tags: Iterable[Rule]) -> list[str]:
    return [tag["name"] for tag in tags if tag.get("state") != "INEFFECTIVE"]


def layer4(entries: Iterable[Rule]) -> Iterator[Interval]:
    for entry in entries:
        name = entry["ipProtocol"].lower()
        number = NUMBERS.get(name) or (int(name) if name.isdecimal() else None)
        ports = port_ranges(entry.get("ports") or ()) or (PORTS,)
        yield from [SERVICES] if number is None else (block(number, a, b - 1) for a, b in ports)


def policy_peers(match: Rule, far: str, symbols: list[str]) -> Iterator[Peer]:
    """Yield all that a rule names on the far side, each an alternative; nothing is everything."""
    names = [f"fqdn {name}" for name in match.get(f"{far}Fqdns") or ()]
    names += [f"region {code}" for code in match.get(f"{far}RegionCodes") or ()]
    names += [f"secure-tag {tag}" for tag in effective(match.get(f"{far}SecureTags") or ())]
    ranges = list(match.get(f"{far}IpRanges") or ())
    whole = everything(symbols)
    for text in ranges:
        yield from network(text, whole)
    for name in names:
        yield symbol(name.lower(), symbols)
    if not ranges and not names:
        yield from whole


def policy_limits(
    match: Rule, far: str, subnets: Mapping[str, Sequence[str]], symbols: int
) -> tuple[Peer, ...]:
    """Return where the far side must be; whatever has no address may be on the Internet."""
    networks = match.get(f"{far}Networks") or ()
    if networks:
        return tuple(p for one in networks for text in subnets[one] for p in network(text, ()))
    context = match.get(f"{far}NetworkType") or match.get(f"{far}NetworkContext")
    internet = (*PUBLIC, ("S", 0, symbols + 1))
    return {"INTERNET": internet, "NON_INTERNET": NOT_PUBLIC}.get(context or "", ())


def admin_rules(
    rules: Sequence[Rule], symbols: Sequence[str], space: Sequence[str]
) -> Iterator[Step]:
    """Yield rules in force in a virtual network with this address space."""
    whole, names = everything(symbols), list(symbols)

    def peers(items: Sequence[Rule]) -> Iterator[Peer]:
        for item in items:
            text, kind = item["addressPrefix"], item["addressPrefixType"]
            if kind == "ServiceTag":
                yield from service_tag(text.lower(), names, space)
            elif kind == "NetworkGroup":
                yield symbol(f"network-group {text}".lower(), names)
            else:
                yield from whole if text == "*" else network(text, whole)

    for rule in rules:
        found = rule["properties"]
        inbound = found["direction"] == "Inbound"
        far, near = ("sources", "destinations") if inbound else ("destinations", "sources")
        protocol = NUMBERS.get(found["protocol"].lower())
        sides = [
            port_ranges(found.get(f"{side}PortRanges") or ()) or (PORTS,)
            for side in ("destination", "source")
        ]
        is_any = any(item["addressPrefix"] in ("*", "VirtualNetwork") for item in found[near])
        yield Step(
            AZURE[found["access"]],
            Match(
                found["priority"],
                found["access"] == "AlwaysAllow",
                DIRECTIONS[not inbound],
                nsg_services(protocol, *sides),
                tuple(peers(found[far])) or whole,
                () if is_any else tuple(peers(found[near])),
                sides[1] if protocol in (None, 6, 17) else (PORTS,),
            ),
        )
