"""The same policy in other words: what a naive comparison of rules takes for a change.

Rules carry keys while they are rewritten: the place that they had, and what comes right behind it.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from tests.policy.generate import STEP, Rule, turned
from tests.policy.kinds import FIREWALLS, SECURITY_GROUPS, Kind

Keyed = tuple[tuple[int, ...], Rule]
Split = Callable[[str], list[str]]

SINGLE = ("CidrIpv4", "CidrIpv6", "CidrBlock", "Ipv6CidrBlock")
RANGES = ("sourceRanges", "destinationRanges")
SIDES = ("source", "destination")


def rewritten(kind: Kind, rng: random.Random, rules: list[Rule]) -> list[Rule]:
    """Return rules that allow the same."""
    found: list[Keyed] = [((kind.rank_of(rule),), rule) for rule in rules]
    for rewrite in rng.sample(REWRITES, rng.choice([1, 2, 3])):
        found = list(chain.from_iterable(rewrite(kind, rng, one) for one in found))
    if rng.random() < 0.5:
        rng.shuffle(found)
    keys = sorted({key for key, _ in found})
    ranks = {key: key[0] for key in keys}
    if rng.random() < 0.3 or any(len(key) > 1 for key in keys):
        ranks = {key: STEP * number + 200 for number, key in enumerate(keys)}
    return [kind.ranked(rule, ranks[key]) for key, rule in found]


def parted(kind: Kind, key: tuple[int, ...], rules: list[Rule]) -> Iterator[Keyed]:
    """Yield rules that do the same, in one place: beside each other or one behind the other."""
    for number, rule in enumerate(rules):
        yield (key if kind is FIREWALLS else (*key, number)) if len(rules) > 1 else key, rule


def described(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    key, rule = one
    if "properties" in rule:
        new = {"name": f"n{rng.random()}", "description": f"d{rng.random()}"}
        yield key, {**rule, "name": new["name"], "properties": {**rule["properties"], **new}}
    else:
        name = "Description" if kind is SECURITY_GROUPS else "description"
        yield key, {**rule, name: f"d{rng.random()}"}


def doubled(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    yield one
    if rng.random() < 0.5:
        yield (*one[0], 900), one[1]


def shadowed(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    """Add what never decides: the opposite right behind a rule, or a part of what is allowed."""
    yield one
    key, rule = one
    if kind is not SECURITY_GROUPS:
        yield (*key, 901), turned(rule)
    elif rule["IpProtocol"] in ("tcp", "udp", "6") and "FromPort" in rule:
        yield key, {**rule, "ToPort": rule["FromPort"]}


def switched_off(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    yield one
    if kind is FIREWALLS:
        yield (*one[0][:-1], one[0][-1] - 1), {**turned(one[1]), "disabled": True}


def halved(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    """Take networks apart; a whole family stays, since that covers what has no address."""

    def split(text: str) -> list[str]:
        network = ipaddress.ip_network(text, strict=False)
        if network.prefixlen in (0, network.max_prefixlen):
            return [text]
        return [str(half) for half in network.subnets()]

    yield from parted(kind, one[0], with_networks(one[1], split))


def with_host_bits(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    def touched(text: str) -> list[str]:
        network = ipaddress.ip_network(text, strict=False)
        address = network[rng.randrange(network.num_addresses)]
        spelt = address.exploded.upper() if rng.random() < 0.5 else str(address)
        return [f"{spelt}/{network.prefixlen}"]

    yield one[0], with_networks(one[1], touched)[0]


def with_ports_apart(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    def split(text: str) -> list[str]:
        first, _, last = text.partition("-")
        if not last or first == last:
            return [text]
        middle = rng.randrange(int(first), int(last))
        return [f"{first}-{middle}", f"{middle + 1}-{last}"]

    yield from parted(kind, one[0], with_ports(one[1], split))


def respelt(kind: Kind, rng: random.Random, one: Keyed) -> Iterator[Keyed]:
    key, rule = one
    other = {"tcp": "6", "6": "tcp", "udp": "17", "17": "udp", "icmp": "1"}
    if kind is SECURITY_GROUPS:
        rule = {**rule, "IpProtocol": other.get(rule["IpProtocol"], rule["IpProtocol"])}
    elif "properties" in rule:
        found = rule["properties"]
        rule = {**rule, "properties": {**found, "protocol": found["protocol"].upper()}}
    elif kind is FIREWALLS:
        rule = with_entries(
            rule, lambda e: {**e, "IPProtocol": other.get(e["IPProtocol"], e["IPProtocol"])}
        )
    yield key, rule


REWRITES = [
    described,
    doubled,
    shadowed,
    switched_off,
    halved,
    with_host_bits,
    with_ports_apart,
    respelt,
]


def with_networks(rule: Rule, split: Split) -> list[Rule]:
    """Return a rule with each network replaced by others; several where it can hold one only."""
    for key in SINGLE:
        if key in rule:
            return [{**rule, key: text} for text in split(rule[key])]
    found = dict(rule.get("properties", rule))
    for key in RANGES:
        if key in found:
            found[key] = [text for one in found[key] for text in split(one)]
    for side in SIDES:
        key = f"{side}AddressPrefix"
        texts = texts_of(found, key)
        if texts:
            parts = [split(t) if t[0].isdigit() or ":" in t else [t] for t in texts]
            found[f"{key}es"] = list(chain.from_iterable(parts))
    return [{**rule, "properties": found} if "properties" in rule else found]


def with_ports(rule: Rule, split: Split) -> list[Rule]:
    """Return a rule with each range of ports replaced by others."""
    if rule.get("IpProtocol") in ("tcp", "udp", "6", "17") and "FromPort" in rule:
        parts = split(f"{rule['FromPort']}-{rule['ToPort']}")
        return [{**rule, "FromPort": a, "ToPort": b} for a, b in map(bounds, parts)]
    if "PortRange" in rule:
        parts = split(f"{rule['PortRange']['From']}-{rule['PortRange']['To']}")
        return [{**rule, "PortRange": {"From": a, "To": b}} for a, b in map(bounds, parts)]
    if "properties" in rule:
        found = dict(rule["properties"])
        for side in SIDES:
            texts = texts_of(found, f"{side}PortRange")
            found[f"{side}PortRanges"] = [part for text in texts for part in split(text)]
        return [{**rule, "properties": found}]
    return [
        with_entries(
            rule,
            lambda e: (
                {**e, "ports": [p for t in e["ports"] for p in split(t)]} if "ports" in e else e
            ),
        )
    ]


def with_entries(rule: Rule, change: Callable[[Rule], Rule]) -> Rule:
    return {
        key: [change(entry) for entry in value] if key in ("allowed", "denied") else value
        for key, value in rule.items()
    }


def texts_of(found: Rule, key: str) -> list[str]:
    """Return what the single and the plural field hold, and take both out."""
    single: Any = found.pop(key, None)
    plural = "es" if key.endswith("Prefix") else "s"
    return [*filter(None, [single]), *(found.pop(f"{key}{plural}", None) or ())]


def bounds(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
