"""Entries of network ACLs: their fields under one name each, and in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.collect.aws.protocols import protocol_name, service

DEFAULT_NUMBERS = 32767
"""Entries from this number on are the `*` entries, which cannot be changed."""


def entry_values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of one entry; ports where the protocol has ports, ICMP types likewise."""
    protocol = protocol_name(entry["Protocol"])
    ports, icmp = entry.get("PortRange") or {}, entry.get("IcmpTypeCode") or {}
    ported, typed = protocol in ("tcp", "udp"), protocol in ("icmp", "icmpv6")
    return {
        "rule_number": entry["RuleNumber"],
        "is_egress": entry["Egress"],
        "action": entry["RuleAction"],
        "ip_protocol": protocol,
        "from_port": ports.get("From") if ported else None,
        "to_port": ports.get("To") if ported else None,
        "icmp_type": icmp.get("Type") if typed else None,
        "icmp_code": icmp.get("Code") if typed else None,
        "cidr_ipv4": entry.get("CidrBlock"),
        "cidr_ipv6": entry.get("Ipv6CidrBlock"),
        "is_default_entry": entry["RuleNumber"] >= DEFAULT_NUMBERS,
    }


def entry_line(entry: Mapping[str, Any]) -> str:
    """Return one entry in words, such as `ingress 100 allow tcp/22 from 10.0.0.0/8`."""
    values = entry_values(entry)
    way, toward = ("egress", "to") if values["is_egress"] else ("ingress", "from")
    number = "*" if values["is_default_entry"] else values["rule_number"]
    typed = values["ip_protocol"] in ("icmp", "icmpv6")
    first, last = ("icmp_type", "icmp_code") if typed else ("from_port", "to_port")
    what = service(values["ip_protocol"], values[first], values[last])
    peer = values["cidr_ipv4"] or values["cidr_ipv6"] or "nowhere"
    return f"{way} {number} {values['action']} {what} {toward} {peer}"
