"""What instances of Google Cloud accept: policies from the top down, network rules, any network.

Each estate has hierarchical policies, one of the system, network policies of the globe and of two
regions, one or two networks, and two instances; all of it random, on either side. The truth is the
first match at every point. Each policy is compared by itself, too, for every target it names.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from auditor.policy.evaluate import compare
from tests.policy.above import Levels, decided, short
from tests.policy.composed import (
    WHATS,
    are_right,
    instances_told,
    listed_together,
    policies_told,
)
from tests.policy.estate_gcp import GRID, NAMES, PLACES, Estate, Instance, Network
from tests.policy.generate import FEW, Rule, changed, random_rules
from tests.policy.generate_policies import changed_policy, random_policy
from tests.policy.kinds import FIREWALLS
from tests.policy.pairs import BESIDE, number_of
from tests.policy.providers import DIRECTIONS
from tests.policy.world import compared

COUNT = 220


def random_network(rng: random.Random) -> Network:
    rules = [with_account(rng, rule) for rule in random_rules(FIREWALLS, rng, FEW)[:4]]
    places = rng.sample(range(1, 9), 4)
    some = {letter: n for letter, n in zip("gfrq", places, strict=True) if rng.random() < 0.5}
    return Network(
        rules,
        rng.choice(["AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL"]),
        some,
        rng.random() < 0.3,
        (rng.random() < 0.85, rng.random() < 0.85),
    )


def with_account(rng: random.Random, rule: Rule) -> Rule:
    """Return a rule that is sometimes for a service account."""
    if rng.random() < 0.9 or "targetTags" in rule:
        return rule
    return {**rule, "targetServiceAccounts": [rng.choice(["app@x", "other@x"])]}


def random_instance(rng: random.Random) -> Instance:
    return Instance(
        rng.choice([(0,), (0, 1)]),
        rng.choice([(), ("web",)]),
        rng.choice(["app@x", "none@x"]),
        rng.choice(["", "", "7"]),
        (rng.random() < 0.75, rng.random() < 0.75),
    )


def random_estate(rng: random.Random, number: int) -> Estate:
    return Estate(
        number,
        {letter: random_policy(rng, number) for letter in PLACES},
        rng.choice([(), ("h",), ("h", "i")]),
        tuple(random_network(rng) for _ in range(rng.choice([1, 2]))),
        random_instance(rng),
    )


def altered(estate: Estate, rng: random.Random) -> Estate:
    """Return an estate in which a few things are different."""
    for _ in range(rng.choice([1, 2, 3])):
        what = rng.choice(
            ["policy", "policy", "policy", "hierarchy", "instance", "network", "network"]
        )
        if what == "policy":
            letter = rng.choice([*PLACES])
            new = changed_policy(rng, estate.policies[letter], estate.number)
            estate = replace(estate, policies={**estate.policies, letter: new})
        elif what == "hierarchy":
            estate = replace(estate, hierarchy=rng.choice([(), ("i",), ("h", "i"), ("i", "h")]))
        elif what == "instance":
            keys = rng.sample(["networks", "tags", "account", "secure_tag", "public"], 1)
            other = random_instance(rng)
            new_one = replace(estate.instance, **{key: getattr(other, key) for key in keys})
            estate = replace(estate, instance=new_one)
        else:
            networks = list(estate.networks)
            at = rng.randrange(len(networks))
            networks[at] = altered_network(networks[at], rng)
            estate = replace(estate, networks=tuple(networks))
    return estate


def altered_network(network: Network, rng: random.Random) -> Network:
    """Return a network in which one thing is different."""
    key = rng.choice(["rules", "rules", "order", "associations", "has_system", "routes"])
    if key == "rules":
        return replace(network, rules=changed(FIREWALLS, rng, FEW, network.rules))
    other = random_network(rng)
    return replace(network, **{key: getattr(other, key)})


def test_instances_and_policies(tmp_path: Path) -> None:
    rng = random.Random(8)
    before = [random_estate(rng, number) for number in range(COUNT)]
    pairs = [(estate, altered(estate, rng)) for estate in before]
    sides = [listed_together(pair[side].documents() for pair in pairs) for side in (0, 1)]
    with compared(tmp_path, *sides, tables={*sides[0], *BESIDE}, judge=compare) as con:
        assert con.execute("SELECT * FROM policy.problems").fetchall() == []
        instances, policies = instances_told(con, NAMES), policies_told(con, NAMES)
    counts: Counter[str] = Counter()
    for pair in pairs:
        for name, what in itertools.product(pair[0].instances(), WHATS):
            told = instances[what, name]
            counts[f"{what} changed" if told else f"{what} unchanged"] += 1
            truth = partial(accepted, pair, name, what == "exposure")
            assert are_right(GRID, told, truth, WHATS[what]), (what, name, pair, told)
    for (policy_id, target), told in policies.items():
        if re.search("/(firewallPolicies|effectiveFirewalls)/", policy_id):
            pair, letter = pairs[number_of(policy_id)], policy_id[-1]
            names = {short(part) for part in target.split(" & ")}
            counts["policy changed" if told else "policy unchanged"] += 1
            truth = partial(decided_alone, pair, letter, names)
            assert are_right(GRID, told, truth, DIRECTIONS), (policy_id, target, pair, told)
    print(dict(counts))
    assert min(counts.values()) > COUNT / 20


def accepted(
    pair: Sequence[Estate], name: str, is_exposure: bool, side: int, direction: str
) -> Levels:
    estate = pair[side]
    return estate.truth(estate.instances()[name], direction, is_exposure=is_exposure)


def decided_alone(
    pair: Sequence[Estate], letter: str, names: set[str], side: int, direction: str
) -> Levels:
    return decided(GRID, [pair[side].policy(letter, names)], direction)
