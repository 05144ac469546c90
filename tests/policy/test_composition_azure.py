"""What machines of Azure accept: admin rules first, then the subnet's group AND the interface's.

Each machine has a virtual network of its own, with random admin rules, groups, subnets, interfaces
and public addresses on either side; the truth of each part is the first match at every point. The
admin rules are compared by themselves, too.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from auditor.policy.evaluate import compare
from tests.policy import providers
from tests.policy.above import ALLOW, DENY, Levels, Step, admin_rules, decided, steps
from tests.policy.composed import (
    WHATS,
    are_right,
    instances_told,
    listed_together,
    policies_told,
)
from tests.policy.generate import FEW, NETWORK, STEP, Rule, changed, random_rules
from tests.policy.generate_policies import OPS, admin_rule, random_admin
from tests.policy.kinds import NETWORK_SECURITY_GROUPS
from tests.policy.pairs import BESIDE, number_of
from tests.policy.points import PUBLIC, V4, Grid
from tests.policy.providers import DIRECTIONS, Match
from tests.policy.world import compared

COUNT = 300
LETTERS = "abc"
SPACE = ("10.0.0.0/28", "168.63.129.16/32")
"""The address space of every virtual network, and the address of the host."""

FAR, NEAR = (f"{NETWORK}/applicationSecurityGroups/asg-{name}" for name in ("1", "near"))
"""Groups that rules name on the far side, with one member, and on the near side."""

MEMBER = ("4", V4 + 3, V4 + 4)
NAMES = (
    "service-tag storage",
    f"application-security-group {FAR}".lower(),
    f"network-group {OPS}".lower(),
)
GRID = Grid(len(NAMES), sides=True)


@dataclass(frozen=True)
class Interface:
    subnet: str
    group: str
    """Letter of its network security group, if it has one."""
    is_near: bool
    """Whether it is in the application security group that rules name on the near side."""
    public: tuple[bool, bool]
    """Whether it has a public address, IPv4 and IPv6."""


@dataclass(frozen=True)
class Estate:
    """One side of one machine: rules of groups by letter, groups of subnets by letter."""

    admin: list[Rule]
    groups: dict[str, list[Rule]]
    subnets: dict[str, str]
    interfaces: tuple[Interface, ...]
    sku: str
    known: dict[Any, int] = field(init=False, repr=False, default_factory=dict)
    """What was found out of a group before."""

    def in_use(self) -> set[str]:
        """Return the groups that apply anywhere."""
        return {*self.subnets.values(), *(one.group for one in self.interfaces)}

    def truth(self, direction: str, known: set[str], *, is_exposure: bool) -> Levels:
        """Return what the machine accepts; `known` groups are in use, so what is near is known."""
        first = self.admin_levels(direction)
        found = 0
        for one in self.interfaces:
            letters = [self.subnets[one.subnet], one.group]
            here = GRID.everywhere
            for letter in filter(None, letters):
                here &= self.group(letter, direction, is_near=one.is_near, is_known=letter in known)
            here = first[ALLOW] | here & ~first[DENY]
            if is_exposure:
                is_open = self.sku == "Basic" or any(letters)
                paths = [p for p, has in zip(PUBLIC, one.public, strict=True) if has and is_open]
                here &= GRID.at("peer", tuple(paths))
            found |= here
        return [GRID.everywhere & ~found, 0, 0, found]

    def admin_levels(self, direction: str) -> Levels:
        return decided(GRID, [list(admin_rules(self.admin, NAMES, SPACE))], direction)

    def group(self, letter: str, direction: str, *, is_near: bool, is_known: bool) -> int:
        key = (letter, direction, is_near)
        if key not in self.known:
            self.known[key] = self.allowed(letter, direction, is_near=is_near, is_known=is_known)
        return self.known[key]

    def allowed(self, letter: str, direction: str, *, is_near: bool, is_known: bool) -> int:
        policy = dict(NETWORK_SECURITY_GROUPS.policy(self.groups[letter]))
        if is_known:
            policy["addressSpace"] = SPACE
        target = f"application-security-group {NEAR}".lower() if is_near else ""
        matches = providers.parsed(NETWORK_SECURITY_GROUPS.name, policy, NAMES, target)
        return decided(GRID, [with_member(matches)], direction)[ALLOW]

    def documents(self, number: int) -> dict[str, list[Any]]:
        """Return what Azure lists of this network."""
        name, found = f"p{number}x", defaultdict[str, list[Any]](list)
        for letter in LETTERS:
            policy = NETWORK_SECURITY_GROUPS.policy(self.groups[letter])
            for table, some in NETWORK_SECURITY_GROUPS.documents(f"{name}{letter}", policy).items():
                found[table] += some
        home = f"{NETWORK}/virtualNetworks/{name}"
        subnets = [
            {"id": f"{home}/subnets/{letter}", "properties": attached(name, group)}
            for letter, group in self.subnets.items()
        ]
        space = {"addressPrefixes": ["10.0.0.0/28"]}
        network = {"id": home, "name": name, "location": "westeurope"}
        found["azure_network_virtual_networks"].append(
            {**network, "properties": {"addressSpace": space, "subnets": subnets}}
        )
        found["azure_network_subnets"] = found["azure_network_virtual_networks"]
        rules = [{**rule, "id": f"{OPS}/rules/r{n}"} for n, rule in enumerate(self.admin)]
        found["azure_network_manager_effective_security_admin_rules"].append(
            {"network": network, "rules": rules}
        )
        for index, one in enumerate(self.interfaces):
            for version, is_public in zip(("IPv4", "IPv6"), one.public, strict=True):
                if is_public:
                    address = public_address(f"{name}-{index}-{version}", version, self.sku)
                    found["azure_network_public_ip_addresses"].append(address)
            found["azure_network_interfaces"].append(interface(name, index, one))
        return found


def attached(name: str, letter: str) -> Rule:
    """Return the field that names a network security group, where there is one."""
    group = f"{NETWORK}/networkSecurityGroups/{name}{letter}"
    return {"networkSecurityGroup": {"id": group}} if letter else {}


def public_address(name: str, version: str, sku: str) -> Rule:
    return {
        "id": f"{NETWORK}/publicIPAddresses/{name}",
        "location": "westeurope",
        "sku": {"name": sku},
        "properties": {"publicIPAddressVersion": version},
    }


def interface(name: str, index: int, one: Interface) -> Rule:
    subnet = f"{NETWORK}/virtualNetworks/{name}/subnets/{one.subnet}"
    addresses = f"{NETWORK}/publicIPAddresses/{name}-{index}"
    configurations = [
        {
            "properties": {
                "subnet": {"id": subnet},
                "privateIPAddressVersion": version,
                **({"publicIPAddress": {"id": f"{addresses}-{version}"}} if is_public else {}),
                "applicationSecurityGroups": [{"id": NEAR}] * one.is_near,
            }
        }
        for version, is_public in zip(("IPv4", "IPv6"), one.public, strict=True)
    ]
    return {
        "id": f"{NETWORK}/networkInterfaces/{name}-{index}",
        "location": "westeurope",
        "properties": {
            "virtualMachine": {"id": f"{NETWORK}/virtualMachines/{name}"},
            "ipConfigurations": configurations,
            **attached(name, one.group),
        },
    }


def with_member(matches: Sequence[Match]) -> list[Step]:
    """Return the rules as steps, with the address of the one member of a group in its place."""
    return steps(
        match._replace(peers=tuple(MEMBER if p == ("S", 1, 2) else p for p in match.peers))
        for match in matches
    )


def random_group(rng: random.Random) -> list[Rule]:
    return [nearer(rng, rule) for rule in random_rules(NETWORK_SECURITY_GROUPS, rng, FEW)[:4]]


def nearer(rng: random.Random, rule: Rule) -> Rule:
    """Return a rule that is sometimes for members of a group only."""
    if rng.random() < 0.85:
        return rule
    found = dict(rule["properties"])
    side = "destination" if found["direction"] == "Inbound" else "source"
    del found[f"{side}AddressPrefix"]
    return {**rule, "properties": {**found, f"{side}ApplicationSecurityGroups": [{"id": NEAR}]}}


def random_interface(rng: random.Random) -> Interface:
    public = (rng.random() < 0.5, rng.random() < 0.4)
    return Interface(rng.choice("ab"), rng.choice(["", *LETTERS]), rng.random() < 0.5, public)


def random_estate(rng: random.Random) -> Estate:
    return Estate(
        random_admin(rng),
        {letter: random_group(rng) for letter in LETTERS},
        {letter: rng.choice(["", *LETTERS]) for letter in "ab"},
        tuple(random_interface(rng) for _ in range(rng.choice([1, 1, 2, 3]))),
        rng.choice(["Standard", "Standard", "Basic"]),
    )


def altered(estate: Estate, rng: random.Random) -> Estate:
    """Return an estate in which one or two things are different."""
    for _ in range(rng.choice([1, 1, 2])):
        what = rng.choice(["group", "group", "admin", "admin", "subnet", "interface", "another"])
        if what == "group":
            letter = rng.choice(LETTERS)
            new = changed(NETWORK_SECURITY_GROUPS, rng, FEW, estate.groups[letter])
            estate = replace(estate, groups={**estate.groups, letter: new})
        elif what == "admin":
            kept = [rule for rule in estate.admin if rng.random() < 0.6]
            more = [admin_rule(rng, 5 + STEP * rng.randrange(100))] * (rng.random() < 0.6)
            estate = replace(estate, admin=[*kept, *more])
        elif what == "subnet":
            subnets = {**estate.subnets, rng.choice("ab"): rng.choice(["", *LETTERS])}
            estate = replace(estate, subnets=subnets)
        else:
            some = list(estate.interfaces)
            if what == "another":
                some = some[:1] if len(some) > 1 else [*some, some[0]]
            some[rng.randrange(len(some))] = random_interface(rng)
            estate = replace(estate, interfaces=tuple(some))
    return estate


def member() -> Rule:
    """Return the interface that is in the group that rules name on the far side."""
    configuration = {"privateIPAddress": "10.0.0.3", "applicationSecurityGroups": [{"id": FAR}]}
    return {
        "id": f"{NETWORK}/networkInterfaces/member",
        "properties": {"ipConfigurations": [{"properties": configuration}]},
    }


def test_machines(tmp_path: Path) -> None:
    rng = random.Random(7)
    before = [random_estate(rng) for _ in range(COUNT)]
    pairs = [(estate, altered(estate, rng)) for estate in before]
    sides = []
    for side in (0, 1):
        documents = [pair[side].documents(number) for number, pair in enumerate(pairs)]
        sides.append(listed_together([*documents, {"azure_network_interfaces": [member()]}]))
    beside = ("azure_network_load_balancers", "azure_network_scale_set_public_ip_addresses")
    tables = {*sides[0], *BESIDE, *beside}
    with compared(tmp_path, *sides, tables=tables, judge=compare) as con:
        assert con.execute("SELECT * FROM policy.problems").fetchall() == []
        instances, policies = instances_told(con, NAMES), policies_told(con, NAMES)
    counts: Counter[str] = Counter()
    for number, pair in enumerate(pairs):
        known = pair[0].in_use() | pair[1].in_use()
        for what, directions in WHATS.items():
            told = instances[what, f"p{number}x"]
            counts[f"{what} changed" if told else f"{what} unchanged"] += 1
            truth = partial(accepted, pair, known, what == "exposure")
            assert are_right(GRID, told, truth, directions), (what, number, pair, told)
    for (policy_id, _), told in policies.items():
        if "/virtualnetworks/" in policy_id:
            pair = pairs[number_of(policy_id)]
            counts["admin rules changed" if told else "admin rules unchanged"] += 1
            assert are_right(GRID, told, partial(decided_first, pair), DIRECTIONS), (pair, told)
    print(dict(counts))
    assert min(counts.values()) > COUNT / 30


def accepted(
    pair: Sequence[Estate], known: set[str], is_exposure: bool, side: int, direction: str
) -> Levels:
    return pair[side].truth(direction, known, is_exposure=is_exposure)


def decided_first(pair: Sequence[Estate], side: int, direction: str) -> Levels:
    return pair[side].admin_levels(direction)
