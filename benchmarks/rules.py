"""Whether rules that were rewritten are told apart from rules that allow more, beside other tools.

Pairs of security groups whose right verdict follows from what the rules mean. Each is judged by the
comparison of policies here, by a diff of rule lines, and by the security group diff of Cloud
Custodian, where `C7N_PYTHON` names the interpreter of an environment with `c7n` in it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.common import folder, table

ACCOUNT = "111111111111"
LOOSENED, TIGHTENED = "LOOSENED", "TIGHTENED"
_PEERS = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
}
_CUSTODIAN = """
import json, sys
from importlib.metadata import version
from c7n.resources.vpc import SecurityGroupDiff
pairs = [SecurityGroupDiff().diff(*pair) or {} for pair in json.load(sys.stdin)]
json.dump([version("c7n"), pairs], sys.stdout)
"""


@dataclass(frozen=True)
class Case:
    """A change of a group: permissions such as `ingress tcp/22 10.0.0.0/8 10.1.0.0/16`."""

    change: str
    before: Sequence[str]
    after: Sequence[str]
    right: str = ""
    lists: tuple[Sequence[str], Sequence[str]] = ((), ())
    """What its prefix list holds, before and after."""


CASES = (
    Case(
        "a range of ports split in two",
        ["ingress tcp/80-81 10.0.0.0/8"],
        ["ingress tcp/80-80 10.0.0.0/8", "ingress tcp/81-81 10.0.0.0/8"],
    ),
    Case(
        "10.0.0.0/8 written as its two halves",
        ["ingress tcp/22-22 10.0.0.0/8"],
        ["ingress tcp/22-22 10.0.0.0/9 10.128.0.0/9"],
    ),
    Case(
        "0.0.0.0/0 written as its two halves",
        ["ingress tcp/443-443 0.0.0.0/0"],
        ["ingress tcp/443-443 0.0.0.0/1 128.0.0.0/1"],
    ),
    Case(
        "two permissions grouped into one",
        ["ingress tcp/22-22 10.0.0.0/8", "ingress tcp/22-22 192.168.0.0/16"],
        ["ingress tcp/22-22 10.0.0.0/8 192.168.0.0/16"],
    ),
    Case(
        "a rule added within another one",
        ["ingress tcp/22-22 10.0.0.0/8"],
        ["ingress tcp/22-22 10.0.0.0/8 10.1.0.0/16"],
    ),
    Case(
        "a rule removed that another one covers",
        ["ingress tcp/20-25 10.0.0.0/8", "ingress tcp/22-22 10.0.0.0/8"],
        ["ingress tcp/20-25 10.0.0.0/8"],
    ),
    Case(
        "a rule for TCP removed beside one for all protocols",
        ["egress -1 0.0.0.0/0", "egress tcp/0-65535 0.0.0.0/0"],
        ["egress -1 0.0.0.0/0"],
    ),
    Case(
        "the Internet let in, as two halves",
        ["ingress tcp/22-22 10.0.0.0/8"],
        ["ingress tcp/22-22 10.0.0.0/8 0.0.0.0/1 128.0.0.0/1"],
        LOOSENED,
    ),
    Case(
        "::/0 added beside 0.0.0.0/0",
        ["ingress tcp/443-443 0.0.0.0/0"],
        ["ingress tcp/443-443 0.0.0.0/0 ::/0"],
        LOOSENED,
    ),
    Case(
        "a network widened from /9 to /8",
        ["ingress tcp/22-22 10.0.0.0/9"],
        ["ingress tcp/22-22 10.0.0.0/8"],
        LOOSENED,
    ),
    Case(
        "ICMP echo widened to all of ICMP",
        ["ingress icmp/8--1 0.0.0.0/0"],
        ["ingress icmp/-1--1 0.0.0.0/0"],
        LOOSENED,
    ),
    Case(
        "an entry added to a prefix list that a rule names",
        ["ingress tcp/22-22 pl-1"],
        ["ingress tcp/22-22 pl-1"],
        LOOSENED,
        (["203.0.113.0/24"], ["203.0.113.0/24", "198.51.100.0/24"]),
    ),
    Case(
        "all protocols replaced by TCP, UDP and ICMP",
        ["ingress -1 10.0.0.0/8"],
        [f"ingress {p} 10.0.0.0/8" for p in ("tcp/0-65535", "udp/0-65535", "icmp/-1--1")],
        TIGHTENED,
    ),
    Case(
        "a range of ports narrowed to one",
        ["ingress tcp/20-25 10.0.0.0/8"],
        ["ingress tcp/22-22 10.0.0.0/8"],
        TIGHTENED,
    ),
    Case(
        "two rules swap their networks",
        ["ingress tcp/22-22 10.0.0.0/8", "ingress tcp/443-443 192.168.0.0/16"],
        ["ingress tcp/22-22 192.168.0.0/16", "ingress tcp/443-443 10.0.0.0/8"],
        f"{LOOSENED}, {TIGHTENED}",
    ),
)


def report(scale: float) -> Iterator[str]:  # noqa: ARG001
    """Yield the verdicts, and how many of them are wrong; the size is always the same."""
    verdicts = {"here": _here(), "rule lines": [_lines(case) for case in CASES]}
    python = os.environ.get("C7N_PYTHON")
    if python:
        name, found = _custodian(python)
        verdicts[name] = found
    right = [case.right for case in CASES]
    yield table(
        "Verdicts on rewritten rules",
        ["change", "right", *verdicts],
        [
            [case.change, *(text or "the same" for text in row)]
            for case, *row in zip(CASES, right, *verdicts.values(), strict=True)
        ],
    )
    counts = [
        [
            name,
            sum(len(_split(said) - _split(true)) for said, true in zip(found, right, strict=True)),
            sum(len(_split(true) - _split(said)) for said, true in zip(found, right, strict=True)),
        ]
        for name, found in verdicts.items()
    ]
    yield table("Wrong verdicts", ["tool", "false alarms", "misses"], counts)
    if not python:
        yield "Without Cloud Custodian: `C7N_PYTHON` names no interpreter that has `c7n`."


def _split(verdicts: str) -> set[str]:
    return set(verdicts.split(", ")) if verdicts else set()


def _said(*, added: object, removed: object) -> str:
    """Return what a diff of texts means to its reader."""
    return ", ".join(([LOOSENED] if added else []) + ([TIGHTENED] if removed else []))


def _here() -> list[str]:
    """Return the verdicts of this comparison, each group a policy of one snapshot."""
    from tests.policy.world import compared

    with folder() as path, compared(path, _side(0), _side(1)) as con:
        rows = con.execute(
            "SELECT resource_id, verdict FROM policy.changes ORDER BY resource_id, verdict"
        ).fetchall()
    found: list[list[str]] = [[] for _ in CASES]
    for resource_id, verdict in rows:
        found[int(resource_id.rsplit("-", 1)[-1])].append(verdict)
    return [", ".join(dict.fromkeys(verdicts)) for verdicts in found]


def _side(side: int) -> dict[str, list[dict[str, Any]]]:
    """Return what AWS answers about all groups before or after."""
    sides = [(case.before, case.after)[side] for case in CASES]
    return {
        "aws_ec2_security_groups": [
            {"GroupId": f"sg-{n}", "OwnerId": ACCOUNT} for n in range(len(CASES))
        ],
        "aws_ec2_security_group_rules": [
            {
                "SecurityGroupRuleId": f"sgr-{n}-{side}-{m}",
                "GroupId": f"sg-{n}",
                "GroupOwnerId": ACCOUNT,
                "IsEgress": way == "egress",
                **_service(service),
                _kind(peer): peer,
            }
            for n, permissions in enumerate(sides)
            for m, (way, service, peer) in enumerate(_rules(permissions))
        ],
        "aws_ec2_managed_prefix_lists": [
            {"PrefixListId": "pl-1", "Entries": [{"Cidr": c} for c in case.lists[side]]}
            for case in CASES
            if case.lists[side]
        ],
    }


def _lines(case: Case) -> str:
    before, after = set(_rules(case.before)), set(_rules(case.after))
    return _said(added=after - before, removed=before - after)


def _custodian(python: str) -> tuple[str, list[str]]:
    """Return name and verdicts of Cloud Custodian, which runs in an environment of its own."""
    pairs = [(_group(case.before), _group(case.after)) for case in CASES]
    done = subprocess.run(
        [python, "-c", _CUSTODIAN],
        input=json.dumps(pairs),
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=True,
    )
    version, found = json.loads(done.stdout)
    return f"c7n {version}", [
        _said(
            added=[way for way in diff.values() if way.get("added")],
            removed=[way for way in diff.values() if way.get("removed")],
        )
        for diff in found
    ]


def _group(permissions: Sequence[str]) -> dict[str, Any]:
    """Return a group as `DescribeSecurityGroups` does."""
    found: dict[str, Any] = {"IpPermissions": [], "IpPermissionsEgress": []}
    for permission in permissions:
        way, service, *peers = permission.split(" ")
        said: dict[str, Any] = _service(service)
        for peer in peers:
            key, name = _PEERS[_kind(peer)]
            said.setdefault(key, []).append({name: peer})
        found["IpPermissions" if way == "ingress" else "IpPermissionsEgress"].append(said)
    return found


def _rules(permissions: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return direction, service and peer of each rule."""
    split = [permission.split(" ") for permission in permissions]
    return [(way, service, peer) for way, service, *peers in split for peer in peers]


def _service(text: str) -> dict[str, Any]:
    protocol, slash, ports = text.partition("/")
    if not slash:
        return {"IpProtocol": protocol}
    end = ports.index("-", 1)
    return {"IpProtocol": protocol, "FromPort": int(ports[:end]), "ToPort": int(ports[end + 1 :])}


def _kind(peer: str) -> str:
    if peer.startswith("pl-"):
        return "PrefixListId"
    return "CidrIpv6" if ":" in peer else "CidrIpv4"
