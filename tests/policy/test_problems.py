"""A rule that cannot be parsed leaves its own policy without a verdict, and no other."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.policy.kinds import KINDS, Kind, Rule, listed
from tests.policy.pairs import BESIDE, number_of
from tests.policy.world import compared

ACL = {"RuleNumber": 100, "Egress": False, "RuleAction": "allow", "CidrBlock": "10.0.0.0/8"}
GROUP = {"IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
AZURE = {
    "direction": "Inbound",
    "access": "Allow",
    "priority": 100,
    "protocol": "Tcp",
    "sourcePortRange": "*",
    "sourceAddressPrefix": "203.0.113.0/24",
    "destinationPortRange": "22",
    "destinationAddressPrefix": "*",
}
GOOGLE = {"direction": "INGRESS", "sourceRanges": ["10.0.0.0/8"]}
SSH = [{"IPProtocol": "tcp", "ports": ["22"]}]


def azure(**changes: Any) -> Rule:
    return {"properties": {**AZURE, **changes}}


BAD: dict[str, list[tuple[Rule, str]]] = {
    "security group": [
        ({**GROUP, "CidrIpv4": "10.0.0.0/33"}, "'10.0.0.0/33' has no length between 0 and 32"),
        ({**GROUP, "CidrIpv6": "fe80::zz/64"}, "'fe80::zz/64' is no network"),
        ({**GROUP, "CidrIpv4": "010.0.0.0/8"}, "'010.0.0.0/8' is no network"),
        (GROUP, "'' is no network"),
        ({**GROUP, "IpProtocol": "quic", "CidrIpv4": "10.0.0.0/8"}, "'quic' is no service"),
        ({**GROUP, "FromPort": 90, "ToPort": 80, "CidrIpv4": "10.0.0.0/8"}, "the lower one first"),
        ({**GROUP, "ToPort": 65536, "CidrIpv4": "10.0.0.0/8"}, "between 0 and 65535"),
        (
            {**GROUP, "IpProtocol": "icmp", "FromPort": 300, "CidrIpv4": "10.0.0.0/8"},
            "no ICMP type and code between 0 and 255",
        ),
    ],
    "network ACL": [
        ({**ACL, "Protocol": "-1", "CidrBlock": "10.0.0/8"}, "'10.0.0/8' is no network"),
        ({**ACL, "Protocol": "256"}, "'256' is no service"),
        ({**ACL, "Protocol": "6", "PortRange": {"From": 9, "To": 8}}, "the lower one first"),
        ({**ACL, "Protocol": "-1", "RuleAction": "log"}, "unknown action log"),
    ],
    "network security group": [
        (azure(sourceAddressPrefix="10.0.0.0/33"), "'10.0.0.0/33' has no length"),
        (azure(protocol="Quic"), "'quic' is no service"),
        (azure(destinationPortRange="90-80"), "the lower one first"),
        (azure(sourcePortRange="90-80"), "the lower one first"),
        (azure(destinationAddressPrefix="10.0.0.300"), "'10.0.0.300' is no network"),
    ],
    "firewall": [
        (
            {**GOOGLE, "allowed": SSH, "sourceRanges": ["10.0.0.0/99"]},
            "'10.0.0.0/99' has no length",
        ),
        ({**GOOGLE, "allowed": [{"IPProtocol": "quic"}]}, "'quic' is no service"),
        ({**GOOGLE, "allowed": [{"IPProtocol": "tcp", "ports": ["9-8"]}]}, "the lower one first"),
        (
            {**GOOGLE, "denied": SSH, "destinationRanges": ["10.0.0.0.0"]},
            "'10.0.0.0.0' is no network",
        ),
    ],
}
"""A rule of each kind that says nothing, and a part of what is told about it."""


def test_only_the_policy_with_the_rule_has_no_verdict(tmp_path: Path) -> None:
    """Each bad rule is in a policy with a good one, beside a policy that has the good one only."""
    wanted: dict[int, str] = {}
    good: set[int] = set()
    sides: list[defaultdict[str, list[Any]]] = [defaultdict(list), defaultdict(list)]

    def put(kind: Kind, rules: list[Rule]) -> int:
        number = len(wanted) + len(good)
        for side, some in zip(sides, ([], rules), strict=True):
            for table, found in kind.documents(f"p{number}x", kind.policy(some)).items():
                side[table] += found
        return number

    for kind in (kind for kind in KINDS if kind.is_here()):
        for rule, problem in BAD[kind.name]:
            wanted[put(kind, [rule, *plain(kind)])] = problem
            good.add(put(kind, plain(kind)))
    documents = [listed(side) for side in sides]
    with compared(tmp_path, *documents, tables={*documents[0], *documents[1], *BESIDE}) as con:
        problems = con.execute("SELECT policy_id, problem FROM policy.problems").fetchall()
        regions = con.execute(
            "SELECT DISTINCT policy_id FROM policy.regions JOIN policy.subjects USING (subject)"
        ).fetchall()
    told = {number_of(policy_id): problem for policy_id, problem in problems}
    assert told.keys() == wanted.keys()
    assert {n: wanted[n] for n in wanted if wanted[n] not in told[n]} == {}
    assert {number_of(policy_id) for (policy_id,) in regions} >= good


def plain(kind: Kind) -> list[Rule]:
    """Return a rule of a kind that can be read."""
    return {
        "security group": [{**GROUP, "CidrIpv4": "10.0.0.0/8"}],
        "network ACL": [{**ACL, "RuleNumber": 200, "Protocol": "-1"}],
        "network security group": [azure(priority=200)],
        "firewall": [{**GOOGLE, "allowed": SSH}],
    }[kind.name]
