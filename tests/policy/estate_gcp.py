"""An estate of Google Cloud: its documents, and what its instances accept at every point.

Hierarchical policies, one of the system, network policies of the globe and of two regions, one or
two networks, two instances. The truth is the first match, stage by stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.policy import providers
from tests.policy.above import Levels, Step, decided, firewall_policy, most_open, only, steps
from tests.policy.generate import Rule
from tests.policy.generate_policies import HERE, NOWHERE, url
from tests.policy.kinds import FIREWALLS
from tests.policy.points import PUBLIC, V4, Grid
from tests.policy.providers import Match

NAMES = (*FIREWALLS.symbols, "fqdn evil.example", "region xx", "secure-tag tagvalues/2")
GRID = Grid(len(NAMES), sides=True)
MEMBER = ("4", V4 + 3, V4 + 4)
"""The address of the instance with the tag that rules of networks name as a source."""

SUBNET = "10.0.0.8/29"
"""The only subnetwork of the first network of each estate."""

PLACES = {"h": "", "i": "", "s": "", "g": "global", "f": "global", "r": HERE, "q": NOWHERE}
"""Letters of policies: hierarchical, of the system, and those of the project by their place."""


@dataclass(frozen=True)
class Network:
    rules: list[Rule]
    order: str
    associations: dict[str, int]
    """Letters of the project's policies, each with its priority."""
    has_system: bool
    routes: tuple[bool, bool]


@dataclass(frozen=True)
class Instance:
    networks: tuple[int, ...]
    tags: tuple[str, ...]
    account: str
    secure_tag: str
    public: tuple[bool, bool]

    def names(self, network: str) -> set[str]:
        """Return what rules may name of an instance in this network."""
        found = {f"network {network}", f"account {self.account}"}
        found |= {f"tag {tag}" for tag in self.tags}
        return found | ({f"secure tag {self.secure_tag}"} if self.secure_tag else set())


MEMBERS = Instance((0, 1), ("db",), "db@x", "", (False, False))


@dataclass(frozen=True)
class Estate:
    """One side: the rules of policies by letter, and where the hierarchical ones come."""

    number: int
    policies: dict[str, list[Rule]]
    hierarchy: tuple[str, ...]
    networks: tuple[Network, ...]
    instance: Instance
    known: dict[Any, Any] = field(init=False, repr=False, default_factory=dict)
    """What was found out before, of a policy or a network."""

    def instances(self) -> dict[str, Instance]:
        """Return both instances by name."""
        both = {"": self.instance, "m": MEMBERS}
        return {
            f"p{self.number}x{letter}": replace(
                one, networks=tuple(n for n in one.networks if n < len(self.networks))
            )
            for letter, one in both.items()
        }

    def truth(self, one: Instance, direction: str, *, is_exposure: bool) -> Levels:
        """Return what an instance accepts through any of its networks."""
        found = []
        for index in one.networks:
            key = (index, one.account, direction)
            if key not in self.known:
                self.known[key] = decided(GRID, self.stages(index, one), direction)
            here = self.known[key]
            if is_exposure:
                public = zip(PUBLIC, one.public, self.networks[index].routes, strict=True)
                paths = tuple(peer for peer, *both in public if all(both))
                here = only(here, GRID.at("peer", paths))
            found.append(here)
        return most_open(GRID, found)

    def stages(self, index: int, one: Instance) -> Iterator[list[Step]]:
        """Yield what decides in a network, in the order in which it is asked."""
        network, names = self.networks[index], one.names(self.name(index))
        for letter in self.hierarchy:
            yield self.policy(letter, names)
        if network.has_system:
            yield self.policy("s", names)
        rules = self.network_rules(network, names)
        implied = [step for step in rules if step.match.rank == 1 << 30]
        rules = [step for step in rules if step not in implied]
        places = ("global", HERE)
        policies = [
            self.policy(letter, names)
            for place in places
            for letter, _ in sorted(network.associations.items(), key=lambda one: one[1])
            if PLACES[letter] == place
        ]
        is_before = network.order == "BEFORE_CLASSIC_FIREWALL"
        yield from [*policies, rules] if is_before else [rules, *policies]
        yield implied
        nothing = Match(1, False, "ingress", (providers.SERVICES,), providers.everything(NAMES))
        yield steps([nothing])

    def network_rules(self, network: Network, names: Collection[str]) -> list[Step]:
        policy = FIREWALLS.policy(network.rules)
        return steps(
            match._replace(peers=tuple(MEMBER if p == ("S", 0, 1) else p for p in match.peers))
            for match in providers.rules_of(FIREWALLS.name, policy, NAMES)
            if not match.targets or set(match.targets) & set(names)
        )

    def policy(self, letter: str, names: Collection[str]) -> list[Step]:
        key = (letter, *sorted(names))
        if key not in self.known:
            subnets = {url(f"networks/{self.name(0)}"): [SUBNET]}
            rules = self.policies[letter]
            self.known[key] = list(firewall_policy(rules, NAMES, names, subnets))
        found: list[Step] = self.known[key]
        return found

    def name(self, index: int) -> str:
        return f"p{self.number}xn{index}"

    def documents(self) -> dict[str, list[Any]]:
        """Return what Google Cloud lists of this estate."""
        found = defaultdict[str, list[Any]](list)
        for index, network in enumerate(self.networks):
            policy = FIREWALLS.policy(network.rules)
            for table, some in FIREWALLS.documents(self.name(index), policy).items():
                found[table] += some
            found["gcp_compute_networks"][-1]["networkFirewallPolicyEnforcementOrder"] = (
                network.order
            )
            found["gcp_compute_effective_firewalls"] += self.in_effect(index)
            for whole, is_routed in zip(("0.0.0.0/0", "::/0"), network.routes, strict=True):
                if is_routed:
                    name = f"{self.name(index)}-{len(whole)}"
                    found["gcp_compute_routes"].append(route(name, whole, self.link(index)))
        found["gcp_compute_effective_firewall_rules"] = found["gcp_compute_effective_firewalls"]
        found["gcp_compute_network_firewall_policies"] = list(self.of_project())
        found["gcp_compute_firewall_policy_rules"] = list(self.of_project())
        link = url(f"subnetworks/{self.name(0)}", f"regions/{HERE}")
        subnet = {"name": "s", "selfLink": link, "ipCidrRange": SUBNET, "network": self.link(0)}
        found["gcp_compute_subnetworks"].append(subnet)
        for name, one in self.instances().items():
            found["gcp_compute_instances"].append(instance(name, one, self))
        return found

    def link(self, index: int) -> str:
        return url(f"networks/{self.name(index)}")

    def in_effect(self, index: int) -> Iterator[Rule]:
        """Yield the policies in effect on a network, one of the project's own among them."""
        kinds = [("g", "NETWORK"), *((letter, "HIERARCHY") for letter in self.hierarchy)]
        kinds += [("s", "SYSTEM_GLOBAL")] * self.networks[index].has_system
        for position, (letter, kind) in enumerate(kinds):
            yield {
                "network": self.link(index),
                "type": kind,
                "name": f"p{self.number}x{letter}",
                "position": position,
                "rules": self.policies[letter],
            }

    def of_project(self) -> Iterator[Rule]:
        """Yield the policies of the project, global and regional ones."""
        for letter, place in PLACES.items():
            if place:
                where = place if place == "global" else f"regions/{place}"
                name = f"p{self.number}x{letter}"
                yield {
                    "name": name,
                    "selfLink": url(f"firewallPolicies/{name}", where),
                    **({} if place == "global" else {"region": url(where, "")}),
                    "associations": [
                        {"attachmentTarget": self.link(index), "priority": found[letter]}
                        for index, found in enumerate(n.associations for n in self.networks)
                        if letter in found
                    ],
                    "rules": self.policies[letter],
                }


def route(name: str, whole: str, network: str) -> Rule:
    gateway = url("gateways/default-internet-gateway")
    link = url(f"routes/{name}")
    return {
        "name": name,
        "selfLink": link,
        "network": network,
        "destRange": whole,
        "nextHopGateway": gateway,
    }


def instance(name: str, one: Instance, estate: Estate) -> Rule:
    zone = f"zones/{HERE}-b"
    address = "10.0.0.3" if one.account == "db@x" else "10.0.0.5"
    return {
        "name": name,
        "selfLink": url(f"instances/{name}", zone),
        "zone": url(zone, ""),
        "tags": {"items": list(one.tags)},
        "serviceAccounts": [{"email": one.account}],
        "params": {"resourceManagerTags": {"tagKeys/1": f"tagValues/{one.secure_tag}"}}
        if one.secure_tag
        else {},
        "networkInterfaces": [
            {
                "network": estate.link(index),
                "networkIP": address,
                "accessConfigs": [{"natIP": "9.9.9.9"}] * one.public[0],
                "ipv6AccessConfigs": [{"externalIpv6": "2600::9"}] * one.public[1],
            }
            for index in one.networks
        ],
    }
