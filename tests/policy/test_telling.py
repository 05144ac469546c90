"""How a change is told: in one line, with its severity, and in lines that approvals bind to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.model import Severity, Verdict
from auditor.policy.intervals import everything, network_bounds, service_bounds, service_names
from auditor.policy.regions import Region, Rule
from auditor.policy.resolve import public_intervals
from auditor.policy.severity import Reach, severity_of
from auditor.policy.wording import content, sentence

NEW = Rule("sg", "sgr-2", "allow", "")


def region(
    service: str = "tcp/22",
    *networks: str,
    verdict: Verdict = Verdict.LOOSENED,
    direction: str = "ingress",
    symbol: str = "",
) -> Region:
    peers: dict[str, tuple[tuple[str, str], ...]] = {}
    for network in networks:
        family, low, high = network_bounds(network)
        peers[family] = tuple(sorted((*peers.get(family, ()), (low, high))))
    return Region(verdict, direction, service_bounds(service), peers, symbol, (), (NEW,))


def but(network: str) -> Region:
    """All of IPv4 but one network."""
    _, low, high = network_bounds(network)
    first, end = everything("4")
    return replace(region(), peers={"4": ((first, low), (high, end))})


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (region("tcp/22", "0.0.0.0/0"), "tcp/22 now also from 0.0.0.0/0"),
        (region("tcp/22", "0.0.0.0/0", "::/0"), "tcp/22 now also from 0.0.0.0/0, ::/0"),
        (but("10.0.0.0/8"), "tcp/22 now also from 0.0.0.0/0 except 10.0.0.0/8"),
        (region("all", "10.0.0.7", direction="egress"), "all now also to 10.0.0.7/32"),
        (
            region("udp", "10.0.0.0/8", verdict=Verdict.TIGHTENED),
            "udp no longer from 10.0.0.0/8",
        ),
        (
            region("tcp/80-81", "10.0.0.0/31", symbol="group sg-1"),
            "tcp/80-81 now also from group sg-1 (2 addresses)",
        ),
        (
            replace(region(), peers={"S": (("fqdn example.com", ""),)}),
            "tcp/22 now also from fqdn example.com (approximate)",
        ),
        (
            replace(region(), peers={"4": public_intervals("4")}),
            "tcp/22 now also from the Internet",
        ),
        (
            replace(region("tcp/22", "10.0.0.0/8"), local=(network_bounds("10.1.0.4")[1:],)),
            "tcp/22 now also from 10.0.0.0/8 at 10.1.0.4/32",
        ),
        (
            replace(region("tcp/22", "10.0.0.0/8"), ports=((1024, 65536), (53, 54))),
            "tcp/22 now also from 10.0.0.0/8 with source port 1024-65535, 53",
        ),
        (
            replace(region("tcp/443", "10.0.0.0/8"), loses_inspection=True),
            "tcp/443 no longer inspected from 10.0.0.0/8",
        ),
        (
            region("tcp/22", *(f"10.{n}.0.0/24" for n in range(0, 16, 2))),
            "tcp/22 now also from 10.0.0.0/24, 10.2.0.0/24, 10.4.0.0/24, 10.6.0.0/24, "
            "10.8.0.0/24 and 3 more",
        ),
    ],
)  # fmt: skip
def test_a_region_in_one_line(found: Region, told: str) -> None:
    assert sentence([found]) == told


def test_the_reason_names_the_rule_that_came_or_went() -> None:
    found = region("tcp/22", "0.0.0.0/0")
    deny = Rule("sg", "deny-ssh", "deny", "")
    added = sentence([found], {})
    assert added == "tcp/22 now also from 0.0.0.0/0 (rule sgr-2 added)"
    both = {("sg", "sgr-2"): {"baseline", "snapshot"}, ("sg", "deny-ssh"): {"baseline"}}
    gone = sentence([replace(found, old_rules=(deny,))], both)
    assert gone == "tcp/22 now also from 0.0.0.0/0 (rule deny-ssh removed)"
    both["sg", "deny-ssh"].add("snapshot")
    moved = sentence([replace(found, old_rules=(deny,))], both)
    assert moved.endswith("(rule deny-ssh no longer decides, rule sgr-2 does)")
    assert sentence([found], both).endswith("(rule sgr-2 changed)")


def test_many_regions_are_counted() -> None:
    found = [region(f"tcp/{port}", "10.0.0.0/8") for port in range(10, 30, 2)]
    assert sentence(found).endswith("tcp/18 now also from 10.0.0.0/8; and 5 more")


def test_content_names_everything_and_no_rule() -> None:
    found = [but("10.0.0.0/8"), region("all", "fd00::/8", direction="egress")]
    lines = content(found)
    assert lines[0] == "egress all to fd00::/8"
    assert len(lines) == 9 and "ingress tcp/22 from 11.0.0.0/8" in lines
    assert lines == content([replace(r, new_rules=()) for r in found])


def test_content_of_a_symbol_does_not_change_with_its_members() -> None:
    one = region("tcp/22", "10.0.0.1", symbol="group sg-1")
    other = region("tcp/22", "10.9.0.0/16", symbol="group sg-1")
    assert content([one]) == content([other]) == ["ingress tcp/22 from group sg-1"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("all", ["all"]),
        ("tcp", ["tcp"]),
        ("tcp/22-22", ["tcp/22"]),
        ("udp/53-60", ["udp/53-60"]),
        ("icmp/8", ["icmp type 8"]),
        ("icmp/3/4", ["icmp type 3 code 4"]),
        ("47", ["gre"]),
        ("99", ["protocol 99"]),
    ],
)
def test_services_are_read_and_written(text: str, names: list[str]) -> None:
    assert service_names(*service_bounds(text)) == names


def test_services_across_protocols() -> None:
    tcp, udp = service_bounds("tcp/65000-65535"), service_bounds("udp/0-10")
    assert service_names(tcp[0], tcp[1] + 65536) == ["tcp/65000-65535", "protocol 7"]
    assert service_names(udp[0] - 3 * 65536, udp[1]) == ["protocols 14-16", "udp/0-10"]


@pytest.mark.parametrize(
    "text", ["tcp/99999", "tcp/9-8", "icmp/300", "icmp/1-2", "quic", "300", ""]
)
def test_services_that_say_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        service_bounds(text)


@pytest.mark.parametrize(
    "text", ["10.0.0.0/33", "300.1.1.1", "10.0.0/8", "::/129", "x", "", "1.2.3.4/a"]
)
def test_networks_that_say_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        network_bounds(text)


def test_host_bits_are_masked() -> None:
    assert network_bounds("10.1.2.3/8") == network_bounds("10.0.0.0/8")


@pytest.mark.parametrize(
    ("found", "reach", "severity"),
    [
        (region("tcp/22", "0.0.0.0/0"), Reach.EXPOSED, "critical"),
        (region("all", "::/0"), Reach.UNKNOWN, "critical"),
        (region("tcp/22", "0.0.0.0/0"), Reach.REACHED, "high"),
        (region("tcp/22", "0.0.0.0/0"), Reach.UNUSED, "high"),
        (region("tcp/22", "0.0.0.0/0"), Reach.BLOCKED, "medium"),
        (region("tcp/5432", "0.0.0.0/0"), Reach.EXPOSED, "high"),
        (region("tcp/443", "0.0.0.0/0"), Reach.EXPOSED, "medium"),
        (region("tcp/22", "203.0.113.0/24"), Reach.EXPOSED, "high"),
        (region("tcp/443", "203.0.113.0/24"), Reach.EXPOSED, "low"),
        (region("tcp/22", "10.0.0.0/8"), Reach.REACHED, "medium"),
        (region("tcp/8080", "10.0.0.0/8"), Reach.REACHED, "low"),
        (region("tcp/22", "10.0.0.0/8", "168.63.129.16"), Reach.REACHED, "medium"),
        (region("all", "0.0.0.0/0", direction="egress"), Reach.EXPOSED, "medium"),
        (region("tcp/22", "0.0.0.0/0", verdict=Verdict.TIGHTENED), Reach.EXPOSED, "info"),
        (replace(region(), peers={"S": (("fqdn x", ""),)}), Reach.EXPOSED, "medium"),
    ],
)
def test_severity(found: Region, reach: Reach, severity: str) -> None:
    assert severity_of([found], reach) == Severity(severity)
