"""Addresses, services and ports as half-open intervals, and back as people write them.

Bounds of addresses are lower-case hex text of a fixed width for each family, so that they compare
correctly in every engine and file format without arithmetic. A service is protocol, port and ICMP
type in one integer below `SERVICES`.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable, Iterator
from typing import Any

SERVICES = 1 << 24
"""End of all services: protocol * 65536 + port, or + ICMP type * 256 + code."""

WIDTH = {"4": 9, "6": 33}
"""Hex digits of a bound; one more than an address has, since the end of all is a bound too."""

PORTS = 1 << 16
"""Ports of a protocol; also the services that each protocol has room for."""

_CODES = 1 << 8
_PROTOCOL_NUMBERS = 1 << 8
_BITS = {"4": 32, "6": 128}
_KINDS = {"4": socket.AF_INET, "6": socket.AF_INET6}
_PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "sctp": 132,
}
_NAMES = {number: name for name, number in _PROTOCOLS.items()}
_PORTED = (6, 17, 132)
_TYPED = (1, 58)
_SERVICE = re.compile(r"(?P<protocol>[a-z0-9]+)(?:/(?P<first>\d+)(?:(?P<sep>[-/])(?P<last>\d+))?)?")


def network_bounds(text: str) -> tuple[str, str, str]:
    """Return family, first bound and end of a network or an address; host bits are masked.

    Raises `ValueError` for what is neither.
    """
    address, slash, length = text.partition("/")
    family = "6" if ":" in address else "4"
    bits = _BITS[family]
    try:
        number = int.from_bytes(socket.inet_pton(_KINDS[family], address))
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is no network") from None
    if slash and not (length.isdecimal() and int(length) <= bits):
        raise ValueError(f"{text!r} has no length between 0 and {bits}")
    size = 1 << (bits - int(length)) if slash else 1
    first = number - number % size
    return family, bound(family, first), bound(family, first + size)


def bound(family: str, number: int) -> str:
    """Return the bound of an address given as a number."""
    return f"{number:0{WIDTH[family]}x}"


def everything(family: str) -> tuple[str, str]:
    """Return the bounds of a whole address family."""
    return bound(family, 0), bound(family, 1 << _BITS[family])


def service_bounds(text: str) -> tuple[int, int]:
    """Return the interval of a service such as `all`, `tcp/22-25`, `icmp/8/0`, `udp` or `47`.

    Raises `ValueError` for an unknown protocol and for ports that are out of range or reversed.
    """
    if text == "all":
        return 0, SERVICES
    match = _SERVICE.fullmatch(text)
    protocol = _protocol(match["protocol"]) if match else None
    if match is None or protocol is None:
        raise ValueError(f"{text!r} is no service")
    base = protocol << 16
    if match["first"] is None or protocol not in (*_PORTED, *_TYPED):
        return base, base + PORTS
    first = int(match["first"])
    last = int(match["last"] or first)
    if protocol in _TYPED:
        if match["sep"] == "-" or first >= _CODES or last >= _CODES:
            raise ValueError(f"{text!r} has no ICMP type and code between 0 and 255")
        if match["sep"] is None:
            return base + first * _CODES, base + (first + 1) * _CODES
        return base + first * _CODES + last, base + first * _CODES + last + 1
    if match["sep"] == "/" or first > last or last >= PORTS:
        raise ValueError(f"{text!r} has no ports between 0 and 65535, the lower one first")
    return base + first, base + last + 1


def complement(family: str, intervals: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what a family has besides these intervals."""
    at, end = everything(family)
    for low, high in sorted(intervals):
        if low > at:
            yield at, low
        at = max(at, high)
    if at < end:
        yield at, end


def intersection(
    one: Iterable[tuple[str, str, str]], other: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield what two sets of intervals with their families have in common."""
    rest = list(other)
    for family, low, high in one:
        for family_too, low_too, high_too in rest:
            if family == family_too and max(low, low_too) < min(high, high_too):
                yield family, max(low, low_too), min(high, high_too)


def meet(some: Iterable[tuple[Any, Any]], others: Collection[tuple[Any, Any]]) -> bool:
    """Return whether an interval of some has anything in common with one of others."""
    return any(low < end and first < high for low, high in some for first, end in others)


def networks(family: str, low: str, high: str) -> list[str]:
    """Return the networks that an interval of addresses consists of, fewest first."""
    kind = ipaddress.IPv4Address if family == "4" else ipaddress.IPv6Address
    first, last = kind(int(low, 16)), kind(int(high, 16) - 1)
    return [str(network) for network in ipaddress.summarize_address_range(first, last)]


def service_names(low: int, high: int) -> list[str]:
    """Return an interval of services as people write it, such as `tcp/22-25` or `all`."""
    if (low, high) == (0, SERVICES):
        return ["all"]
    found = []
    while low < high:
        protocol = low >> 16
        end = min(high, (protocol + 1) << 16)
        if low % PORTS == 0 and high - low > PORTS:
            end = high - high % PORTS
            last = (end >> 16) - 1
            found.append(f"protocols {protocol}-{last}" if last > protocol else _service(low, end))
        else:
            found.append(_service(low, end))
        low = end
    return found


def _service(low: int, high: int) -> str:
    protocol, first, last = low >> 16, low % PORTS, (high - 1) % PORTS
    name = _NAMES.get(protocol, f"protocol {protocol}")
    if (first, last) == (0, PORTS - 1):
        return name
    if protocol in _TYPED:
        return f"{name} {_icmp(first, last)}"
    return f"{name}/{first}" if first == last else f"{name}/{first}-{last}"


def _icmp(first: int, last: int) -> str:
    if first % _CODES == 0 and last % _CODES == _CODES - 1:  # whole types
        types = (first >> 8, last >> 8)
        return f"type {types[0]}" if types[0] == types[1] else f"types {types[0]}-{types[1]}"
    if first == last:
        return f"type {first >> 8} code {first % _CODES}"
    return f"type {first >> 8} code {first % _CODES} to type {last >> 8} code {last % _CODES}"


def _protocol(text: str) -> int | None:
    if text.isdecimal():
        number = int(text)
        return number if number < _PROTOCOL_NUMBERS else None
    return _PROTOCOLS.get(text)
