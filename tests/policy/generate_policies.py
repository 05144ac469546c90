"""Random policies that decide before rules of networks, in the providers' JSON, and changes."""

from __future__ import annotations

import random

from tests.policy.generate import FEW, NETWORK, STEP, Rule

HERE, NOWHERE = "europe-west1", "us-east1"
"""The region of all instances, and another one."""

OPS = f"{NETWORK}/networkManagers/m/networkGroups/ops"
"""A network group that rules of Azure name."""

LAST = 2147483644
"""Lowest place of the rules that Google Cloud puts into every policy."""


def url(name: str, where: str = "global") -> str:
    """Return the URL of a resource of the project."""
    path = f"{where}/{name}".strip("/")
    return f"https://www.googleapis.com/compute/v1/projects/project-1/{path}"


def random_policy(rng: random.Random, number: int) -> list[Rule]:
    """Return rules with places of their own, and what every policy ends with."""
    places = rng.sample(range(1, 100), rng.choice([0, 1, 2, 2, 3, 4]))
    return [*(policy_rule(rng, STEP * place, number) for place in places), *_ends()]


def changed_policy(rng: random.Random, rules: list[Rule], number: int) -> list[Rule]:
    """Return rules with one change: one more, one less, another, off, or two that change places."""
    own, ends = (
        [r for r in rules if r["priority"] < LAST],
        [r for r in rules if r["priority"] >= LAST],
    )
    what = rng.choice(["add", "drop", "other", "off", "swap", "swap"])
    if what == "add" or not own:
        return [*own, policy_rule(rng, 5 + STEP * rng.randrange(100), number), *ends]
    at, with_ = rng.randrange(len(own)), rng.randrange(len(own))
    place = own[at]["priority"]
    if what == "drop":
        del own[at]
    elif what == "other":
        own[at] = policy_rule(rng, place, number)
    elif what == "off":
        own[at] = {**own[at], "disabled": not own[at].get("disabled")}
    elif at != with_:
        own[at] = {**own[at], "priority": own[with_]["priority"]}
        own[with_] = {**own[with_], "priority": place}
    return [*own, *ends]


def policy_rule(rng: random.Random, priority: int, number: int) -> Rule:
    """Return a rule of a policy of one estate."""
    ingress = rng.random() < 0.7
    return {
        "direction": "INGRESS" if ingress else "EGRESS",
        "priority": priority,
        "action": rng.choice(
            ["allow", "allow", "deny", "deny", "goto_next", "apply_security_profile_group"]
        ),
        "disabled": rng.random() < 0.08,
        "match": {
            "layer4Configs": [_entry(rng) for _ in range(rng.choice([1, 1, 2]))],
            **_sides(rng, number, *(("src", "dest") if ingress else ("dest", "src"))),
        },
        **_targets(rng, number),
    }


def _entry(rng: random.Random) -> Rule:
    protocol = rng.choice(["tcp", "tcp", "udp", "all", "icmp", "47", "6"])
    if protocol not in ("tcp", "udp", "6") or rng.random() < 0.2:
        return {"ipProtocol": protocol}
    first, last = FEW.ports(rng)
    return {"ipProtocol": protocol, "ports": [str(first) if first == last else f"{first}-{last}"]}


def _sides(rng: random.Random, number: int, far: str, near: str) -> Rule:
    found: Rule = {}
    pick = rng.random()
    if pick < 0.25:
        found[f"{far}IpRanges"] = [rng.choice(["0.0.0.0/0", "::/0"])]
    elif pick < 0.85:
        networks = [FEW.network(rng) for _ in range(rng.choice([1, 1, 2]))]
        found[f"{far}IpRanges"] = [n for n in networks if (":" in n) == (":" in networks[0])]
    found |= _beside(rng, number, far) if rng.random() < 0.36 else {}
    if rng.random() < 0.08:
        found[f"{near}IpRanges"] = [FEW.network(rng)]
    return found or {f"{far}IpRanges": ["0.0.0.0/0"]}


def _beside(rng: random.Random, number: int, far: str) -> Rule:
    """Return peers beside networks, or where the peers must be."""
    context = rng.choice(["INTERNET", "NON_INTERNET", "UNSPECIFIED"])
    both: list[Rule] = [
        {f"{far}Fqdns": ["evil.example"]},
        {f"{far}RegionCodes": ["XX"]},
        {f"{far}NetworkType": context},
        {f"{far}NetworkContext": context},
    ]
    state = rng.choice(["EFFECTIVE", "INEFFECTIVE"])
    sources: list[Rule] = [
        {"srcSecureTags": [{"name": "tagValues/2", "state": state}]},
        {"srcNetworkType": "VPC_NETWORKS", "srcNetworks": [url(f"networks/p{number}xn0")]},
    ]
    return rng.choice(both + sources if far == "src" else both)


def _targets(rng: random.Random, number: int) -> Rule:
    found: Rule = {}
    if rng.random() < 0.15:
        found["targetResources"] = [url(f"networks/p{number}xn{rng.randrange(2)}")]
    pick = rng.random()
    if pick < 0.12:
        found["targetServiceAccounts"] = [rng.choice(["app@x", "other@x"])]
    elif pick < 0.24:
        state = rng.choice(["EFFECTIVE", "EFFECTIVE", "INEFFECTIVE"])
        found["targetSecureTags"] = [{"name": "tagValues/7", "state": state}]
    elif pick < 0.28:
        found["targetType"] = "INTERNAL_MANAGED_LB"
    return found


def _ends() -> list[Rule]:
    return [
        {
            "direction": direction,
            "priority": LAST + 2 * (direction == "EGRESS") + (whole == "::/0"),
            "action": "goto_next",
            "match": {"layer4Configs": [{"ipProtocol": "all"}], side: [whole]},
        }
        for direction, side in (("INGRESS", "srcIpRanges"), ("EGRESS", "destIpRanges"))
        for whole in ("0.0.0.0/0", "::/0")
    ]


def admin_rule(rng: random.Random, priority: int) -> Rule:
    """Return a random admin rule."""
    first, last = FEW.ports(rng)
    protocol = rng.choice(["Tcp", "Tcp", "Any", "Any", "Udp", "Icmp", "Esp"])
    some: list[tuple[str, str]] = [("IPPrefix", FEW.network(rng)) for _ in range(4)]
    some += [
        ("IPPrefix", "*"),
        ("IPPrefix", "*"),
        ("ServiceTag", "Internet"),
        ("NetworkGroup", OPS),
    ]
    some += [("ServiceTag", "VirtualNetwork"), ("ServiceTag", "Storage")]
    far = rng.sample(some, rng.choice([0, 1, 1, 2]))
    near = rng.choice([[], [("IPPrefix", "*")], [("ServiceTag", "VirtualNetwork")]])
    if rng.random() < 0.15:
        near = [("IPPrefix", FEW.network(rng))]
    sides = ("sources", "destinations") if rng.random() < 0.7 else ("destinations", "sources")
    ranges = [f"{first}-{last}"] if rng.random() < 0.7 else ["0-65535"]
    return {
        "kind": "Custom",
        "properties": {
            "direction": "Inbound" if sides[0] == "sources" else "Outbound",
            "access": rng.choice(["Allow", "AlwaysAllow", "Deny"]),
            "priority": priority,
            "protocol": protocol,
            "sourcePortRanges": ["5"] if rng.random() < 0.1 else ["0-65535"],
            "destinationPortRanges": [] if protocol in ("Icmp", "Esp") else ranges,
            **{
                side: [{"addressPrefix": t, "addressPrefixType": kind} for kind, t in items]
                for side, items in zip(sides, (far, near), strict=True)
            },
        },
    }


def random_admin(rng: random.Random) -> list[Rule]:
    return [admin_rule(rng, STEP * n) for n in rng.sample(range(1, 100), rng.choice([0, 1, 2, 3]))]
