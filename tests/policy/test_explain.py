"""`audit explain` as a user sees it: what may reach an instance, by which rules, and since when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.errors import UsageError
from auditor.inquiry import explain_instance
from auditor.model import Status
from tests.harness import HOME, Lab

ARN = "arn:aws:ec2:eu-west-1:111111111111"
ACL = f"{ARN}:network-acl/acl-1"

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def instance(number: int, *groups: str, **columns: Any) -> Rows:
    """Return the rows of an instance with an interface in a subnet of its own."""
    nothing: Row = {"ipv6_addresses": [], "ipv4_prefixes": [], "ipv6_prefixes": []}
    interface = {
        "id": f"eni-{number}",
        "instance_arn": f"{ARN}:instance/i-{number}",
        "vpc_id": "vpc-1",
        "subnet_id": f"subnet-{number}",
        "security_group_ids": [f"sg-{group}" for group in groups],
        "private_ips": [f"10.0.0.{number}"],
        "has_public_ip": True,
        "has_ipv6": False,
        **nothing,
        **columns,
    }
    return {
        "aws_ec2_instances": [{"id": f"i-{number}", "vpc_id": "vpc-1"}],
        "aws_ec2_network_interfaces": [interface],
    }


def group(name: str, *rules: str) -> Rows:
    """Return the rows of a group, with rules such as `sgr-1 ingress tcp/22 from 10.0.0.0/8`."""
    split = [rule.partition(" ") for rule in rules]
    return {
        "aws_ec2_security_groups": [{"id": f"sg-{name}", "name": name}],
        "aws_ec2_security_group_rules": [
            {"id": rule_id, "group": f"sg-{name}", "rule": said} for rule_id, _, said in split
        ],
    }


def acl(subnet: str, *entries: tuple[int, str, int | None]) -> Rows:
    """Return a network ACL of ingress entries: number, action and TCP port."""
    rows: list[Row] = [
        {
            "id": f"entry-{number}",
            "network_acl_arn": ACL,
            "is_egress": False,
            "rule_number": number,
            "action": action,
            "cidr_ipv4": "0.0.0.0/0",
            "ip_protocol": "tcp" if port else "-1",
            "from_port": port,
            "to_port": port,
            "is_default_entry": False,
        }
        for number, action, port in entries
    ]
    named = {"id": "acl-1", "resource_id": ACL, "name": "edge", "subnet_ids": [subnet]}
    return {"aws_ec2_network_acls": [named], "aws_ec2_network_acl_entries": rows}


def both(*parts: Rows) -> Rows:
    found: Rows = {}
    for part in parts:
        for table, rows in part.items():
            found.setdefault(table, []).extend(rows)
    return found


WEB = group("web", "sgr-web ingress tcp/443 from 0.0.0.0/0", "sgr-out egress all to 0.0.0.0/0")
OPS = group("ops", "sgr-ssh ingress tcp/22 from 10.0.0.0/8")
LOW = group("low", "sgr-low ingress tcp/20-25 from 0.0.0.0/0")
NAMES = group(
    "names",
    "sgr-1 ingress tcp/22 from pl-1",
    "sgr-2 ingress tcp/5432 from sg-names",
    "sgr-3 ingress tcp/80 from pl-9",
)
WIDE = group("wide", "sgr-4 ingress tcp/22 from sg-wide", "sgr-5 ingress tcp/22 from 0.0.0.0/0")
BROKEN = group("broken", "sgr-6 ingress tcp/90-80 from 0.0.0.0/0")
PRIVATE = {"vpc_id": "vpc-2", "is_main": True, "internet_ipv4": False, "internet_ipv6": False}

ESTATE = both(
    WEB,
    OPS,
    LOW,
    NAMES,
    WIDE,
    BROKEN,
    instance(1, "web", "ops"),
    instance(2, "low"),
    acl("subnet-2", (90, "deny", 22), (100, "allow", None)),
    instance(3, "web", has_public_ip=False),
    instance(4, "web", vpc_id="vpc-2"),
    instance(5, "web", deny_all_igw_traffic=True),
    instance(6, "names"),
    instance(7, "wide"),
    instance(8, "broken"),
    {
        "aws_ec2_instances": [{"id": "i-9"}],
        "aws_ec2_route_tables": [{"subnet_ids": [], **PRIVATE}],
        "aws_ec2_managed_prefix_lists": [{"prefix_list_id": "pl-1", "entries": ["192.0.2.0/24"]}],
    },
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A store with one snapshot of the estate, and nothing approved."""
    lab = Lab(tmp_path_factory.mktemp("estate"))
    lab.seal(ESTATE)
    return lab


def told(lab: Lab, name: str, *arguments: str) -> list[str]:
    """Return the lines that `audit explain` prints."""
    path = lab.config.store.path.parent / "audit.toml"
    path.write_text('[store]\npath = "audit.duckdb"\n')
    done = CliRunner().invoke(app, ["explain", name, "--config", str(path), *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def below(lines: Sequence[str], title: str) -> list[str]:
    """Return the lines below a title, up to an empty one."""
    start = next(n for n, line in enumerate(lines) if line.startswith(title)) + 1
    end = next((n for n in range(start, len(lines)) if not lines[n]), len(lines))
    return [line.strip() for line in lines[start:end]]


def test_two_groups(lab: Lab) -> None:
    lines = told(lab, "i-1")
    assert below(lines, "May reach it:") == [
        "tcp/22 from 10.0.0.0/8  allowed by rule sgr-ssh (group ops)",
        "tcp/443 from 0.0.0.0/0  allowed by rule sgr-web (group web); by way of the Internet",
    ]
    assert below(lines, "May be reached by it:") == [
        "all to 0.0.0.0/0  allowed by rule sgr-out (group web)"
    ]
    assert "Path from the Internet to eni-1: open for IPv4" in lines
    assert lines[-1] == "This snapshot was not compared with a baseline."


def test_a_network_acl_blocks_a_port(lab: Lab) -> None:
    lines = told(lab, "i-2")
    why = "allowed by rule sgr-low (group low), rule 100 (network ACL edge); by way of the Internet"
    assert below(lines, "May reach it:") == [
        f"tcp/20-21 from 0.0.0.0/0  {why}",
        f"tcp/23-25 from 0.0.0.0/0  {why}",
    ]
    assert below(lines, "May be reached by it:") == ["nothing"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (3, "no public address"),
        (4, "no route to an internet gateway"),
        (5, "the interface denies traffic of internet gateways"),
    ],
)
def test_no_path_from_the_internet(lab: Lab, number: int, why: str) -> None:
    lines = told(lab, f"i-{number}")
    assert f"Path from the Internet to eni-{number}: none: {why}" in lines
    assert below(lines, "May reach it:") == [
        "tcp/443 from 0.0.0.0/0  allowed by rule sgr-web (group web)"
    ]


def test_symbols_say_how_many_addresses_they_stand_for(lab: Lab) -> None:
    assert below(told(lab, "i-6"), "May reach it:") == [
        "tcp/22 from prefix-list pl-1 (256 addresses)  allowed by rule sgr-1 (group names); "
        "by way of the Internet",
        "tcp/80 from prefix-list pl-9  allowed by rule sgr-3 (group names); known by name only",
        "tcp/5432 from group sg-names (1 address)  allowed by rule sgr-2 (group names)",
    ]


def test_a_symbol_within_a_wider_network_is_not_told(lab: Lab) -> None:
    assert below(told(lab, "i-7"), "May reach it:") == [
        "tcp/22 from 0.0.0.0/0  allowed by rule sgr-5 (group wide); by way of the Internet"
    ]


def test_a_rule_that_cannot_be_read_is_named(lab: Lab) -> None:
    lines = told(lab, "i-8")
    assert below(lines, "What may reach it cannot be evaluated") == [
        f"rule sgr-6 of {ARN}:security-group/sg-broken: 'tcp/90-80' has no ports between 0 and "
        "65535, the lower one first"
    ]
    assert "May reach it:" not in lines


def test_without_an_interface_nothing_is_told(lab: Lab) -> None:
    lines = told(lab, "i-9")
    assert "No layer of rules was found for it: it has no network interface." in lines
    assert "May reach it:" not in lines


def test_json_has_the_same_content(lab: Lab) -> None:
    found = json.loads("\n".join(told(lab, "i-2", "--json")))
    assert [a["direction"] for a in found["allowed"]] == ["ingress", "ingress"]
    first = found["allowed"][0]
    assert first["service"] == "tcp/20-21" and first["peers"] == ["0.0.0.0/0"]
    assert first["internet"] and not first["approximate"]
    assert [(r["policy"], r["rule"], r["layer"]) for r in first["rules"]] == [
        (f"{ARN}:security-group/sg-low", "sgr-low", "group"),
        (ACL, "100", "network ACL"),
    ]
    assert found["path"]["internet"]
    assert found["path"]["interfaces"][0]["interface"] == f"{ARN}:network-interface/eni-2"
    assert found["not_read"] == [] and found["problems"] == []
    assert found["since_baseline"]["baseline"] is None


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A store with a baseline, and a run that found that two instances are more open."""
    lab = Lab(tmp_path_factory.mktemp("audited"))
    closed = instance(2, "ops", "web", has_public_ip=False)
    lab.seal(both(WEB, OPS, LOW, instance(1, "low"), closed, instance(3, "ops")))
    lab.approve()
    new = group("low", "sgr-new ingress tcp/22-30 from 0.0.0.0/0")
    now = (instance(1, "low"), instance(2, "ops", "web"), instance(3, "ops"), instance(4, "web"))
    lab.audit(both(WEB, OPS, new, *now))
    return lab


def test_what_changed_since_the_baseline(audited: Lab) -> None:
    lines = told(audited, "i-1")
    assert below(lines, "Since the baseline (default version 1):") == [
        "TIGHTENED ingress: tcp/20-21 no longer from 0.0.0.0/0 (rule sgr-low removed)",
        "LOOSENED ingress: tcp/26-30 now also from 0.0.0.0/0 (rule sgr-new added)",
    ]
    findings = below(lines, "Findings about it and its policies:")
    assert findings[0].startswith("high LOOSENED tcp/26-30 now also from 0.0.0.0/0")
    assert "audit findings show" in findings[0]
    assert below(told(audited, "i-1", "--snapshot", "1"), "May reach it:")[0].startswith(
        "tcp/20-25"
    )


def test_an_opened_path_is_a_change(audited: Lab) -> None:
    assert below(told(audited, "i-2"), "Since the baseline")[0].startswith(
        "LOOSENED ingress: tcp/443 now also from the Internet"
    )


def test_nothing_changed(audited: Lab) -> None:
    nothing = "nothing more and nothing less may reach it, or be reached by it"
    assert below(told(audited, "i-3"), "Since the baseline") == [nothing]


def test_an_instance_that_the_baseline_does_not_have(audited: Lab) -> None:
    lines = told(audited, "i-4")
    assert below(lines, "Since the baseline") == ["the baseline does not have this instance"]
    assert below(lines, "Findings about it")[0].startswith("medium NEW")


def test_what_was_not_read_is_named(tmp_path: Any) -> None:
    lab = Lab(tmp_path)
    rows = both(WEB, instance(1, "web"))
    unread = ("aws_ec2_network_acl_entries", "aws_ec2_route_tables")
    lab.seal(rows, coverage={(table, HOME): Status.DENIED for table in unread})
    lines = told(lab, "i-1")
    assert below(lines, "Not read in this snapshot") == [
        "aws_ec2_network_acl_entries (denied): Network ACLs",
        "aws_ec2_route_tables (denied): Paths from the Internet to EC2 network interfaces",
    ]
    assert "Path from the Internet to eni-1: open for IPv4" in lines
    rows = both(WEB, {"aws_ec2_instances": [{"id": "i-1"}]})
    lab.seal(rows, coverage={("aws_ec2_network_interfaces", HOME): Status.THROTTLED})
    lines = told(lab, "i-1")
    assert "What may reach it is not known: what says so was not read." in lines
    assert "May reach it:" not in lines
    assert any("aws_ec2_network_interfaces (throttled)" in line for line in lines)
    lab.seal(both(WEB), coverage={("aws_ec2_instances", HOME): Status.DENIED})
    assert told(lab, "i-1")[1] == (
        "Its scope was not read in this snapshot: this is what was last known."
    )


def test_unknown_and_terminated_instances(tmp_path: Any) -> None:
    lab = Lab(tmp_path)
    lab.seal(instance(1))
    lab.seal({"aws_ec2_instances": [{"id": "i-1", "state": "terminated"}]})
    with pytest.raises(UsageError, match="never seen 'i-9'") as unknown:
        explain_instance(lab.config, "i-9")
    assert unknown.value.hint and "audit query" in unknown.value.hint
    with pytest.raises(UsageError, match="does not exist in snapshot 2") as gone:
        explain_instance(lab.config, "i-1")
    assert gone.value.hint == "see what became of it: audit history i-1"
