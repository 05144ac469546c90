"""Protocols and ports of packet filters, in one form for security groups and network ACLs."""

from __future__ import annotations

PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
"""Other spellings of the protocols that have ports or types."""


def protocol_name(value: object) -> str:
    """Return tcp, udp, icmp, icmpv6, -1 for everything, else the number as text."""
    text = str(value).lower()
    return PROTOCOLS.get(text, text)


def service(protocol: str, first: int | None, last: int | None) -> str:
    """Return protocol and ports in one form, such as `tcp/80-81` or `icmp type 8 code -1`."""
    if protocol == "-1":
        return "all"
    if protocol in ("tcp", "udp"):
        if first is None or first < 0:
            return f"{protocol}/0-65535"
        return f"{protocol}/{first}" if last in (None, first) else f"{protocol}/{first}-{last}"
    if protocol in ("icmp", "icmpv6"):
        if first is None or first < 0:
            return f"{protocol} all"
        return f"{protocol} type {first} code {-1 if last is None else last}"
    return f"protocol {protocol}"
