"""Random rules in the providers' JSON, and pairs of policies that differ in a few of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.policy.kinds import Kind

Rule = dict[str, Any]
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"
STEP = 10
"""What lies between the places of two rules at least, so that others fit in."""


@dataclass(frozen=True)
class Domain:
    """What random rules are about."""

    ports: Callable[[random.Random], tuple[int, int]]
    network: Callable[[random.Random], str]


def few_ports(rng: random.Random) -> tuple[int, int]:
    first = rng.randrange(12)
    return first, rng.choice([first, rng.randrange(first, 12)])


def few_networks(rng: random.Random) -> str:
    length = rng.choice([28, 28, 29, 30, 31, 32])
    pick = rng.random()
    if pick < 0.12:
        return "0.0.0.0/0"
    if pick < 0.16:
        return "::/0"
    if pick < 0.25:
        return f"fd00::{rng.randrange(16):x}/{rng.choice([124, 126, 128])}"
    return f"10.0.0.{rng.randrange(16)}/{length}"


def all_ports(rng: random.Random) -> tuple[int, int]:
    bounds = sorted(rng.choice([0, 22, 80, 443, 65535, rng.randrange(65536)]) for _ in "ab")
    return bounds[0], bounds[1]


def all_networks(rng: random.Random) -> str:
    if rng.random() < 0.3:
        bits = rng.getrandbits(128) if rng.random() < 0.3 else 0x2001_0DB8 << 96
        bits ^= rng.getrandbits(4) << rng.choice([0, 60, 124])
        groups = ":".join(f"{bits >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
        return f"{groups}/{rng.choice([0, 1, 4, 32, 64, 65, 127, 128])}"
    bits = rng.getrandbits(32) if rng.random() < 0.3 else 0x0A010203
    bits ^= rng.getrandbits(3) << rng.choice([0, 8, 16, 29])
    address = ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))
    return f"{address}/{rng.choice([0, 1, 7, 8, 15, 16, 23, 24, 30, 31, 32])}"


FEW = Domain(few_ports, few_networks)
ALL = Domain(all_ports, all_networks)


def aws_rule(rng: random.Random, domain: Domain) -> Rule:
    protocol = rng.choice(["tcp", "tcp", "tcp", "udp", "6", "-1", "icmp", "icmpv6", "47", "132"])
    first, last = domain.ports(rng)
    if protocol.startswith("icmp"):
        first = rng.choice([-1, 0, 8])
        last = -1 if first == -1 else rng.choice([-1, 0, 1])
    found: Rule = {"IsEgress": rng.random() < 0.3, "IpProtocol": protocol}
    if protocol not in ("-1", "47") and rng.random() < 0.95:
        found |= {"FromPort": first, "ToPort": last}
    pick = rng.random()
    if pick < 0.1:
        return found | {"ReferencedGroupInfo": {"GroupId": rng.choice(["sg-a", "sg-b"])}}
    if pick < 0.15:
        return found | {"PrefixListId": "pl-1"}
    network = domain.network(rng)
    return found | {"CidrIpv6" if ":" in network else "CidrIpv4": network}


def acl_entry(rng: random.Random, domain: Domain) -> Rule:
    protocol = rng.choice(["6", "6", "6", "17", "-1", "1", "58", "47"])
    first, last = domain.ports(rng)
    network = domain.network(rng)
    found: Rule = {
        "Egress": rng.random() < 0.3,
        "Protocol": protocol,
        "RuleAction": rng.choice(["allow", "deny"]),
        "Ipv6CidrBlock" if ":" in network else "CidrBlock": network,
    }
    if protocol in ("6", "17"):
        found["PortRange"] = {"From": first, "To": last}
    if protocol in ("1", "58"):
        kind = rng.choice([-1, 0, 8])
        found["IcmpTypeCode"] = {"Type": kind, "Code": -1 if kind == -1 else rng.choice([-1, 0])}
    return found


def azure_rule(rng: random.Random, domain: Domain) -> Rule:
    def some(key: str, make: Callable[[], str]) -> Rule:
        if rng.random() < 0.6:
            return {key: make()}
        plural = f"{key}es" if key.endswith("Prefix") else f"{key}s"
        return {plural: [make() for _ in range(rng.randrange(1, 4))]}

    def range_of() -> str:
        first, last = domain.ports(rng)
        return str(first) if first == last else f"{first}-{last}"

    inbound = rng.random() < 0.7
    far, near = ("source", "destination") if inbound else ("destination", "source")
    protocol = rng.choice(["Tcp", "Tcp", "TCP", "Udp", "*", "Icmp", "Esp"])
    ported = protocol.lower() in ("tcp", "udp", "*") and rng.random() < 0.8
    found: Rule = {
        "direction": "Inbound" if inbound else "Outbound",
        "access": rng.choice(["Allow", "Deny"]),
        "protocol": protocol,
        **(some("destinationPortRange", range_of) if ported else {"destinationPortRange": "*"}),
        **some(
            f"{far}AddressPrefix",
            lambda: rng.choice(
                [
                    "*",
                    "Storage",
                    "Internet",
                    "VirtualNetwork",
                    *[domain.network(rng) for _ in range(6)],
                ]
            ),
        ),
        f"{near}AddressPrefix": domain.network(rng) if rng.random() < 0.15 else "*",
        "sourcePortRange": range_of() if ported and rng.random() < 0.15 else "*",
    }
    if rng.random() < 0.05:
        found[f"{far}ApplicationSecurityGroups"] = [
            {"id": f"{NETWORK}/applicationSecurityGroups/asg-1"}
        ]
    return {"properties": found}


def google_rule(rng: random.Random, domain: Domain) -> Rule:
    def entry() -> Rule:
        protocol = rng.choice(["tcp", "tcp", "udp", "all", "icmp", "47", "6"])
        if protocol not in ("tcp", "udp", "6") or rng.random() < 0.2:
            return {"IPProtocol": protocol}
        ranges = [domain.ports(rng) for _ in range(rng.randrange(1, 3))]
        return {
            "IPProtocol": protocol,
            "ports": [str(a) if a == b else f"{a}-{b}" for a, b in ranges],
        }

    ingress = rng.random() < 0.7
    networks = [domain.network(rng) for _ in range(rng.randrange(0, 3))]
    networks = [n for n in networks if (":" in n) == (":" in networks[0])]
    found: Rule = {
        "direction": "INGRESS" if ingress else "EGRESS",
        rng.choice(["allowed", "denied"]): [entry() for _ in range(rng.choice([1, 1, 2]))],
        "disabled": rng.random() < 0.1,
    }
    if networks:
        found["sourceRanges" if ingress else "destinationRanges"] = networks
    if networks and rng.random() < 0.1:
        found["destinationRanges" if ingress else "sourceRanges"] = networks[:1]
    if ingress and rng.random() < 0.1:
        found["sourceTags"] = ["db"]
    if rng.random() < 0.2:
        found["targetTags"] = [rng.choice(["web", "other"])]
    return found


def random_pair(kind: Kind, rng: random.Random, domain: Domain) -> tuple[list[Rule], list[Rule]]:
    """Return the rules of a policy before and after: unrelated, or with a few changes."""
    before = random_rules(kind, rng, domain)
    if rng.random() < 0.3:
        return before, random_rules(kind, rng, domain)
    after = list(before)
    for _ in range(rng.choice([1, 1, 2, 3])):
        after = changed(kind, rng, domain, after)
    return before, after


def random_rules(kind: Kind, rng: random.Random, domain: Domain) -> list[Rule]:
    """Return rules with places: no two alike in a direction, but where the provider has ties."""
    count = rng.choice([0, 1, 2, 3, 3, 4, 4, 5, 6, 8])
    ranks = [STEP * n for n in sorted(rng.sample(range(10, 400), count))]
    if kind.name == "firewall":
        ranks = [STEP * rng.randrange(100, 103) for _ in ranks]
    return [kind.ranked(kind.make(rng, domain), rank) for rank in ranks]


def changed(kind: Kind, rng: random.Random, domain: Domain, rules: list[Rule]) -> list[Rule]:
    """Return rules with one change: one more, one less, turned, or two that change places."""
    at = rng.randrange(len(rules)) if rules else 0
    what = rng.choice(["add", "drop", "turn", "swap", "other"])
    if what == "add" or not rules:
        taken = {kind.rank_of(rule) for rule in rules}
        free = [n for n in range(1005, 4000, STEP) if n not in taken]
        return [*rules, kind.ranked(kind.make(rng, domain), rng.choice(free))]
    if what == "drop":
        return rules[:at] + rules[at + 1 :]
    new = turned(rules[at])
    if what == "other":
        new = kind.ranked(kind.make(rng, domain), kind.rank_of(rules[at]))
    if what == "swap":
        other = rng.randrange(len(rules))
        ranks = [kind.rank_of(rules[at]), kind.rank_of(rules[other])]
        moved = kind.ranked(rules[other], ranks[0])
        rules = [moved if n == other else rule for n, rule in enumerate(rules)]
        new = kind.ranked(rules[at] if at != other else moved, ranks[1])
    return [*rules[:at], new, *rules[at + 1 :]]


def turned(rule: Rule) -> Rule:
    """Return a rule that does the opposite; one that can only allow, in the other direction."""
    if "properties" in rule:
        return {**rule, "properties": turned(rule["properties"])}
    opposite = {"allow": "deny", "deny": "allow", "Allow": "Deny", "Deny": "Allow"}
    for key in ("RuleAction", "access"):
        if key in rule:
            return {**rule, key: opposite[rule[key]]}
    if "IsEgress" in rule:
        return {**rule, "IsEgress": not rule["IsEgress"]}
    keys = {"allowed": "denied", "denied": "allowed"}
    return {keys.get(key, key): value for key, value in rule.items()}
