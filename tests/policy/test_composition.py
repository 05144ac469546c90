"""What instances accept: groups together, AND the network ACL, AND a public path; any interface.

Each instance has a network of its own, with random groups, network ACLs, interfaces and routes on
either side; the truth of each part is the first match at every point.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.policy.evaluate import compare
from tests.policy import providers
from tests.policy.generate import FEW, Rule, changed, random_rules
from tests.policy.kinds import ACCOUNT, NETWORK_ACLS, SECURITY_GROUPS, Kind, listed
from tests.policy.pairs import BESIDE, COLUMNS, TURNED, Region, number_of, points_of, region
from tests.policy.points import PUBLIC, V4, Grid
from tests.policy.providers import Match
from tests.policy.world import compared

COUNT = 500
NAMES = ("group sg-a", "group sg-b", "prefix-list pl-1")
MEMBER = ("4", V4 + 3, V4 + 4)
"""The address of the only interface of group sg-a."""

LAST = 9000
"""Number of an entry that allows what is left."""

GRID = Grid(len(NAMES), sides=False)
LETTERS = "ab"


@dataclass(frozen=True)
class Interface:
    groups: tuple[str, ...]
    subnet: str
    has_ipv4: bool
    has_ipv6: bool


@dataclass(frozen=True)
class Network:
    """One side of one instance: rules of groups and ACLs by letter; ACLs are of subnets."""

    groups: dict[str, list[Rule]]
    acls: dict[str, list[Rule]]
    interfaces: tuple[Interface, ...]
    routes: tuple[bool, bool]
    """Whether the Internet is routed, IPv4 and IPv6."""

    def truth(self, direction: str, *, is_exposure: bool) -> int:
        """Return the points that the instance accepts."""
        found = 0
        for interface in self.interfaces:
            here = self.acl(interface.subnet, direction)
            here &= self.group(interface.groups, direction)
            if is_exposure:
                public = zip((interface.has_ipv4, interface.has_ipv6), self.routes, strict=True)
                paths = [peer for peer, both in zip(PUBLIC, public, strict=True) if all(both)]
                here &= GRID.at("peer", tuple(paths))
            found |= here
        return found

    def acl(self, letter: str, direction: str) -> int:
        policy = NETWORK_ACLS.policy(self.acls[letter])
        return GRID.truth(providers.parsed(NETWORK_ACLS.name, policy, NAMES), direction)

    def group(self, letters: Sequence[str], direction: str) -> int:
        found = 0
        for letter in letters:
            policy = SECURITY_GROUPS.policy(self.groups[letter])
            matches = providers.parsed(SECURITY_GROUPS.name, policy, NAMES)
            found |= GRID.truth([with_member(match) for match in matches], direction)
        return found

    def documents(self, number: int) -> dict[str, list[Any]]:
        """Return what AWS lists of this network."""
        vpc, found = f"vpc-p{number}x", defaultdict[str, list[Any]](list)
        for letter in LETTERS:
            for kind, rules in ((SECURITY_GROUPS, self.groups), (NETWORK_ACLS, self.acls)):
                name = f"p{number}x{letter}"
                for table, some in kind.documents(name, kind.policy(rules[letter])).items():
                    found[table] += some
            acl = found["aws_ec2_network_acls"][-1]
            acl["Associations"] = [{"SubnetId": f"subnet-p{number}x{letter}"}]
        for index, interface in enumerate(self.interfaces):
            found["aws_ec2_network_interfaces"].append(
                {
                    "NetworkInterfaceId": f"eni-p{number}x{index}",
                    "OwnerId": ACCOUNT,
                    "VpcId": vpc,
                    "SubnetId": f"subnet-p{number}x{interface.subnet}",
                    "Groups": [{"GroupId": f"sg-p{number}x{g}"} for g in interface.groups],
                    "Attachment": {"InstanceId": f"i-p{number}x", "InstanceOwnerId": ACCOUNT},
                    **({"Association": {"PublicIp": "9.9.9.9"}} if interface.has_ipv4 else {}),
                    "Ipv6Addresses": [{"Ipv6Address": "2600::9"}] * interface.has_ipv6,
                }
            )
        keys = ("DestinationCidrBlock", "DestinationIpv6CidrBlock")
        found["aws_ec2_route_tables"].append(
            {
                "RouteTableId": f"rtb-p{number}x",
                "OwnerId": ACCOUNT,
                "VpcId": vpc,
                "Associations": [{"Main": True}],
                "Routes": [
                    {key: whole, "GatewayId": "igw-1", "State": "active", "Origin": "CreateRoute"}
                    for key, whole, routed in zip(
                        keys, ("0.0.0.0/0", "::/0"), self.routes, strict=True
                    )
                    if routed
                ],
            }
        )
        found["aws_ec2_instances"].append(
            {"InstanceId": f"i-p{number}x", "VpcId": vpc, "State": {"Name": "running"}}
        )
        return found


def with_member(match: Match) -> Match:
    peers = tuple(MEMBER if peer == ("S", 0, 1) else peer for peer in match.peers)
    return match._replace(peers=peers)


def random_network(rng: random.Random) -> Network:
    return Network(
        {letter: random_rules(SECURITY_GROUPS, rng, FEW) for letter in LETTERS},
        {letter: acl(rng) for letter in LETTERS},
        tuple(random_interface(rng) for _ in range(rng.choice([1, 1, 2]))),
        (rng.random() < 0.7, rng.random() < 0.7),
    )


def acl(rng: random.Random) -> list[Rule]:
    """Return entries, half of the time with all that is left allowed."""
    rest = {"RuleNumber": LAST, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
    ends = [{**rest, "Egress": egress} for egress in (False, True)] if rng.random() < 0.6 else []
    return [*random_rules(NETWORK_ACLS, rng, FEW), *ends]


def random_interface(rng: random.Random) -> Interface:
    groups = rng.choice([("a",), ("b",), ("a", "b")])
    return Interface(groups, rng.choice(LETTERS), rng.random() < 0.7, rng.random() < 0.6)


def altered(network: Network, rng: random.Random) -> Network:
    """Return a network in which one or two things are different."""
    groups, acls = dict(network.groups), dict(network.acls)
    interfaces, routes = list(network.interfaces), network.routes

    def rule(kind: Kind, of: dict[str, list[Rule]]) -> None:
        letter = rng.choice(LETTERS)
        last = [one for one in of[letter] if kind.rank_of(one) == LAST]
        of[letter] = changed(kind, rng, FEW, [r for r in of[letter] if r not in last]) + last

    for _ in range(rng.choice([1, 1, 2])):
        what = rng.choice(["group", "acl", "interface", "another", "routes", "nothing"])
        if what == "group":
            rule(SECURITY_GROUPS, groups)
        elif what == "acl":
            rule(NETWORK_ACLS, acls)
        elif what == "interface":
            interfaces[rng.randrange(len(interfaces))] = random_interface(rng)
        elif what == "another":
            interfaces = interfaces[:1] if len(interfaces) > 1 else [*interfaces, interfaces[0]]
            interfaces[-1] = random_interface(rng)
        elif what == "routes":
            routes = (not routes[0], rng.random() < 0.5)
    return Network(groups, acls, tuple(interfaces), routes)


def test_instances(tmp_path: Path) -> None:
    rng = random.Random(6)
    before = [random_network(rng) for _ in range(COUNT)]
    after = [altered(network, rng) for network in before]
    member = {
        "NetworkInterfaceId": "eni-member",
        "Groups": [{"GroupId": "sg-a"}],
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.3"}],
    }
    sides = []
    for networks in (before, after):
        documents = defaultdict[str, list[Any]](list, {"aws_ec2_network_interfaces": [member]})
        for number, network in enumerate(networks):
            for table, some in network.documents(number).items():
                documents[table] += some
        documents["aws_ec2_instances"] = [{"Instances": documents["aws_ec2_instances"]}]
        sides.append(listed(documents))
    found: defaultdict[tuple[str, int], list[Region]] = defaultdict(list)
    tables = {*sides[0], *BESIDE, "aws_ec2_vpc_block_public_access", "aws_ec2_managed_prefix_lists"}
    with compared(tmp_path, *sides, tables=tables, judge=compare) as con:
        points = points_of(con)
        for what, instance, *row in con.execute(
            f"SELECT s.what, i.instance_id, {COLUMNS} FROM policy.regions "
            "JOIN policy.subjects s USING (subject) JOIN policy.instances i "
            f"ON i.kind = s.what AND i.before = s.before AND i.after = s.after WHERE {TURNED}"
        ).fetchall():
            found[what, number_of(instance)].append(region(row, NAMES, points))
    counts: Counter[str] = Counter()
    for number in range(COUNT):
        for what, directions in (("profile", providers.DIRECTIONS), ("exposure", ("ingress",))):
            told = found[what, number]
            counts[f"{what} changed" if told else f"{what} unchanged"] += 1
            assert {one.direction for one in told} <= set(directions)
            for direction in directions:
                was, now = (
                    side[number].truth(direction, is_exposure=what == "exposure")
                    for side in (before, after)
                )
                label = (what, number, direction, before[number], after[number], told)
                assert GRID.reported(told, direction, is_loosened=True) == now & ~was, label
                assert GRID.reported(told, direction, is_loosened=False) == was & ~now, label
    print(dict(counts))
    assert min(counts.values()) > COUNT / 20
