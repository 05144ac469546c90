"""What is looked at, and what is too large to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.policy import limit
from tests.policy.world import compared

ARN = "arn:aws:ec2:eu-west-1:111111111111"


def side(
    *, groups: str = "sg-1", peer: str = "10.0.0.0/8", gateway: str = "nat-1"
) -> dict[str, list[Any]]:
    """Return an instance in two groups' reach, with a public address."""
    rules = [("sgr-1", "sg-1", peer, 22), ("sgr-2", "sg-2", "0.0.0.0/0", 443)]
    return {
        "aws_ec2_instances": [
            {"InstanceId": f"i-{n}", "VpcId": "vpc-1", "State": {"Name": "running"}} for n in (1, 2)
        ],
        "aws_ec2_network_interfaces": [
            {
                "NetworkInterfaceId": f"eni-{n}",
                "VpcId": "vpc-1",
                "SubnetId": "subnet-1",
                "Groups": [{"GroupId": groups if n == 1 else "sg-1"}],
                "Attachment": {"InstanceId": f"i-{n}", "InstanceOwnerId": "111111111111"},
                "Association": {"PublicIp": f"203.0.113.{n}", "IpOwnerId": "amazon"},
            }
            for n in (1, 2)
        ],
        "aws_ec2_route_tables": [
            {
                "RouteTableId": "rtb-1",
                "VpcId": "vpc-1",
                "Associations": [{"Main": True}],
                "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}],
            }
        ],
        "aws_ec2_security_groups": [
            {"GroupId": name, "GroupName": name, "VpcId": "vpc-1", "OwnerId": "111111111111"}
            for name in ("sg-1", "sg-2")
        ],
        "aws_ec2_security_group_rules": [
            {
                "SecurityGroupRuleId": rule,
                "GroupId": group,
                "GroupOwnerId": "111111111111",
                "IsEgress": False,
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "CidrIpv4": network,
            }
            for rule, group, network, port in rules
        ],
    }


def touched(folder: Path, after: dict[str, list[Any]]) -> list[str]:
    with compared(folder, side(), after) as con:
        rows = con.execute("SELECT instance_id FROM policy.touched ORDER BY 1").fetchall()
    return [instance.rpartition("/")[2] for (instance,) in rows]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, []),
        ({"groups": "sg-2"}, ["i-1"]),
        ({"gateway": "igw-1"}, ["i-1", "i-2"]),
        ({"peer": "10.0.0.0/9"}, ["i-1", "i-2"]),
    ],
    ids=["nothing changed", "an interface changed", "a route changed", "a rule changed"],
)
def test_only_instances_that_a_change_concerns_are_looked_at(
    tmp_path: Path, after: dict[str, str], expected: list[str]
) -> None:
    assert touched(tmp_path, side(**after)) == expected


def test_what_is_too_large_is_said_to_be_and_the_others_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "MOST_BOXES", 8)
    before, after = side(), side()
    rule = before["aws_ec2_security_group_rules"][0]
    many = [
        {**rule, "SecurityGroupRuleId": f"sgr-1{n}", "CidrIpv4": f"192.0.2.{n}/32"}
        for n in range(9)
    ]
    after["aws_ec2_security_group_rules"] = [
        *before["aws_ec2_security_group_rules"],
        *many,
        {**rule, "SecurityGroupRuleId": "sgr-3", "GroupId": "sg-2", "CidrIpv4": "198.51.100.0/24"},
    ]
    with compared(tmp_path, before, after) as con:
        problems = con.execute(
            "SELECT policy_id, problem FROM policy.problems WHERE policy_id IS NOT NULL"
        ).fetchall()
        verdicts = con.execute(
            "SELECT resource_id, verdict FROM policy.changes ORDER BY ALL"
        ).fetchall()
    (policy_id, problem), *others = problems
    assert policy_id == f"{ARN}:security-group/sg-1" and not others
    assert problem.startswith("too large: ") and problem.endswith(" boxes")
    assert verdicts == [
        (f"{ARN}:security-group/sg-1", "UNKNOWN"),
        (f"{ARN}:security-group/sg-2", "LOOSENED"),
    ]
