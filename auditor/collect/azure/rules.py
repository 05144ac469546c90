"""Rules of Azure's policies in one form: sets of ports and peers, and a line for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.collect.azure.arm import Item
from auditor.collect.table import sorted_set

_WAYS = {"inbound": "ingress", "outbound": "egress"}
_EVERYTHING = (["*"], ["0-65535"])


def ports(rule: Item, side: str) -> list[str]:
    """Return the ports of one side of a rule, from the single and the plural field."""
    return _union(rule, f"{side}PortRange", f"{side}PortRanges")


def prefixes(rule: Item, side: str) -> list[str]:
    """Return the networks and tags of one side of a rule, from both fields."""
    found = _union(rule, f"{side}AddressPrefix", f"{side}AddressPrefixes")
    return sorted_set("*" if value.lower() == "any" else value for value in found)


def members(sides: Mapping[str, Any], side: str) -> list[str]:
    """Return everything that one side of a rule names."""
    groups = [one.rpartition("/")[2] for one in sides[f"{side}_asg_ids"]]
    return [*sides[f"{side}_prefixes"], *(f"asg:{name}" for name in groups)]


def rule_line(  # what a rule is made of, all by keyword
    *,
    direction: str,
    access: str,
    protocol: str,
    priority: int | None,
    ports: tuple[list[str], list[str]],
    peers: tuple[list[str], list[str]],
) -> str:
    """Return a rule in one form, such as `ingress allow tcp/22 from Internet to * (100)`."""
    way = _WAYS.get(direction.lower(), direction.lower())
    source, destination = (" ".join(side) or "nowhere" for side in peers)
    only = f" port {_ranges(ports[0])}" if ports[0] and ports[0] not in _EVERYTHING else ""
    service = _service(protocol.lower(), ports[1])
    rank = f" ({priority})" if priority is not None else ""
    return f"{way} {access.lower()} {service} from {source}{only} to {destination}{rank}"


def _service(protocol: str, ranges: list[str]) -> str:
    every = not ranges or ranges in _EVERYTHING
    if protocol in ("*", "any"):
        return "all" if every else f"any/{_ranges(ranges)}"
    if protocol in ("tcp", "udp"):
        return f"{protocol}/{'0-65535' if every else _ranges(ranges)}"
    return protocol if every else f"{protocol}/{_ranges(ranges)}"


def _ranges(ranges: list[str]) -> str:
    return ",".join(sorted(ranges, key=_first))


def _first(value: str) -> tuple[int, str]:
    head = value.partition("-")[0]
    return (int(head) if head.isdecimal() else -1, value)


def _union(rule: Item, single: str, plural: str) -> list[str]:
    return sorted_set(value for value in (rule.get(single), *(rule.get(plural) or ())) if value)
