"""What the rules of providers say, from their documents: where every other opinion begins.

Written from what the providers say about evaluation, and apart from rows, views and SQL. A policy
is what the provider returns, its rules under the name that the API gives the list:
`{"SecurityGroupRules": [...]}`, `{"Entries": [...]}`, `{"securityRules": [...],
"defaultSecurityRules": [...]}`, `{"items": [...]}`. Bounds are integers, the end is excluded.
Family `S` has a point for each of the symbols that are asked about, and one for all others.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

Policy = Mapping[str, Sequence[Any]]
Interval = tuple[int, int]
Peer = tuple[str, int, int]
"""Family, first address and end."""

SERVICES: Interval = (0, 1 << 24)
PORTS: Interval = (0, 1 << 16)
SIZES = {"4": 1 << 32, "6": 1 << 128}
DIRECTIONS = ("ingress", "egress")
FAMILIES = ("4", "6", "S")
NUMBERS = {
    "icmp": 1, "ipip": 4, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132,
}  # fmt: skip


PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""VirtualNetwork of a security group that is used nowhere; Internet is everything else."""


class Match(NamedTuple):
    """One rule: when all dimensions match, the lowest rank decides."""

    rank: int
    allows: bool
    direction: str
    services: tuple[Interval, ...]
    peers: tuple[Peer, ...]
    locals: tuple[Peer, ...] = ()
    """The near side; nothing means all of it."""
    ports: tuple[Interval, ...] = (PORTS,)
    targets: tuple[str, ...] = ()


def parsed(kind: str, policy: Policy, symbols: Sequence[str], target: str = "") -> list[Match]:
    """Return the rules of a policy that apply to a target, without an order."""
    found = rules_of(kind, policy, symbols)
    return [match for match in found if not match.targets or target in match.targets]


def rules_of(kind: str, policy: Policy, symbols: Sequence[str]) -> list[Match]:
    """Return the rules of a policy for whatever target, without an order."""
    whole = everything(symbols)
    return [Match(*rule) for rule in PARSERS[kind](policy, whole, list(symbols))]


def everything(symbols: Sequence[str]) -> tuple[Peer, ...]:
    """Return all addresses of both families and all symbols."""
    return tuple((family, 0, SIZES.get(family, len(symbols) + 1)) for family in FAMILIES)


def network(text: str, whole: Sequence[Peer]) -> list[Peer]:
    """Return the addresses of a network; one that is a whole family covers every symbol, too."""
    found, is_whole = addresses(text)
    return [found, whole[2]] if is_whole else [found]


@lru_cache(maxsize=4096)
def addresses(text: str) -> tuple[Peer, bool]:
    """Return the addresses of a network, and whether that is a whole family."""
    parsed = ipaddress.ip_network(text, strict=False)
    low = int(parsed.network_address)
    return (str(parsed.version), low, low + parsed.num_addresses), parsed.prefixlen == 0


def symbol(name: str, symbols: list[str]) -> Peer:
    """Return the point of a symbol."""
    return "S", symbols.index(name), symbols.index(name) + 1


def service_tag(name: str, symbols: list[str], space: Iterable[str] = PRIVATE) -> list[Peer]:
    """Return the networks of the tags that are known, else a point.

    `space` is the address space of the networks where the policy applies.
    """
    if name == "azureloadbalancer":
        return network("168.63.129.16/32", ())
    if name not in ("virtualnetwork", "internet"):
        return [symbol(f"service-tag {name}", symbols)]
    private = sorted(peer for text in space for peer in network(text, ()))
    if name == "virtualnetwork":
        return private
    bounds = [0, *(bound for _, low, high in private for bound in (low, high)), SIZES["4"]]
    public = zip(bounds[::2], bounds[1::2], strict=True)
    return [*(("4", low, high) for low, high in public), ("6", 0, SIZES["6"])]


def block(protocol: int, first: int = 0, last: int = 65535) -> Interval:
    """Return ports, or ICMP types and codes, of one protocol."""
    return (protocol << 16) + first, (protocol << 16) + last + 1


def aws_service(protocol: str, first: int | None, last: int | None) -> Interval:
    """Return what protocol and ports of AWS mean; -1 is a wildcard wherever it stands."""
    if protocol in ("-1", "all"):
        return SERVICES
    number = NUMBERS.get(protocol) or int(protocol)
    if number not in (1, 6, 17, 58) or first is None or first == -1:
        return block(number)
    if number in (6, 17):
        return block(number, first, first if last is None else last)
    if last is None or last == -1:
        return block(number, first * 256, first * 256 + 255)
    return block(number, first * 256 + last, first * 256 + last)


def security_group(policy: Policy, whole: Any, symbols: list[str]) -> Iterator[Any]:
    """Allow-only: no rule ever takes anything away."""
    for rule in policy["SecurityGroupRules"]:
        if rule.get("PrefixListId"):
            peers = [symbol(f"prefix-list {rule['PrefixListId']}", symbols)]
        elif rule.get("ReferencedGroupInfo"):
            peers = [symbol(f"group {rule['ReferencedGroupInfo']['GroupId']}", symbols)]
        else:
            peers = network(rule.get("CidrIpv4") or rule["CidrIpv6"], whole)
        service = aws_service(rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        yield 0, True, DIRECTIONS[rule["IsEgress"]], (service,), tuple(peers)


def network_acl(policy: Policy, whole: Any, symbols: list[str]) -> Iterator[Any]:
    """Entries in the order of their numbers, each direction by itself."""
    for entry in policy["Entries"]:
        ports, icmp = entry.get("PortRange") or {}, entry.get("IcmpTypeCode") or {}
        first, last = ports.get("From"), ports.get("To")
        if entry["Protocol"] in ("1", "58"):
            first, last = icmp.get("Type"), icmp.get("Code")
        yield (
            entry["RuleNumber"],
            entry["RuleAction"] == "allow",
            DIRECTIONS[entry["Egress"]],
            (aws_service(entry["Protocol"], first, last),),
            tuple(network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"], whole)),
        )


def port_ranges(found: Iterable[str]) -> tuple[Interval, ...]:
    """Return ranges such as 22, 80-81 and * as intervals."""
    texts = ["0-65535" if text == "*" else text for text in found]
    pairs = [(text.split("-")[0], text.split("-")[-1]) for text in texts]
    return tuple((int(first), int(last) + 1) for first, last in pairs)


def network_security_group(policy: Policy, whole: Any, symbols: list[str]) -> Iterator[Any]:
    """Rules in the order of their priority, those of Azure among them.

    The near side is an address of an interface, which is always in VirtualNetwork; an application
    security group there chooses interfaces. `addressSpace` beside the rules is what VirtualNetwork
    means, where the group is in use.
    """
    space = policy.get("addressSpace", PRIVATE)
    for rule in (*policy["securityRules"], *policy["defaultSecurityRules"]):
        found = rule["properties"]
        inbound = found["direction"].lower() == "inbound"
        far, near = ("source", "destination") if inbound else ("destination", "source")
        protocol = NUMBERS.get(found["protocol"].lower())
        sides = [
            port_ranges(both(found, f"{side}PortRange")) or (PORTS,)
            for side in ("destination", "source")
        ]
        common = (found["priority"], found["access"].lower() == "allow", DIRECTIONS[not inbound])
        common += (nsg_services(protocol, *sides),)
        common += (tuple(nsg_peers(found, far, whole, symbols, space)),)
        ports = sides[1] if protocol in (None, 6, 17) and PORTS not in sides[1] else (PORTS,)
        groups = tuple(f"application-security-group {one}" for one in asgs(found, near))
        texts = {text.lower() for text in both(found, f"{near}AddressPrefix")}
        if texts & {"*", "any", "virtualnetwork"}:
            yield *common, (), ports
            continue
        if groups:
            yield *common, (), ports, groups
        if texts:
            rest = {key: value for key, value in found.items() if "ApplicationSec" not in key}
            yield *common, tuple(nsg_peers(rest, near, whole, symbols, space)), ports


def both(found: Mapping[str, Any], key: str) -> list[str]:
    """Return what the single and the plural field of a rule hold."""
    plural = f"{key}es" if key.endswith("Prefix") else f"{key}s"
    return [*filter(None, [found.get(key)]), *(found.get(plural) or ())]


def asgs(found: Mapping[str, Any], side: str) -> list[str]:
    return [one["id"].lower() for one in found.get(f"{side}ApplicationSecurityGroups") or ()]


def nsg_peers(
    found: Mapping[str, Any], side: str, whole: Any, symbols: list[str], space: Iterable[str]
) -> list[Peer]:
    """Return everything that one side of a rule names."""
    some = [symbol(f"application-security-group {one}", symbols) for one in asgs(found, side)]
    for text in both(found, f"{side}AddressPrefix"):
        if text.lower() in ("*", "any"):
            some += whole
        elif text[0].isdigit() or ":" in text:
            some += network(text, whole)
        else:
            some += service_tag(text.lower(), symbols, space)
    return some


def nsg_services(
    protocol: int | None, ports: tuple[Interval, ...], source_ports: tuple[Interval, ...]
) -> tuple[Interval, ...]:
    """Return services: protocols without ports have all; any protocol on ports is TCP and UDP."""
    if protocol is None and PORTS in ports and PORTS in source_ports:
        return (SERVICES,)
    if protocol not in (None, 6, 17):
        return (block(protocol),)
    numbers = (6, 17) if protocol is None else (protocol,)
    return tuple(block(n, low, high - 1) for n in numbers for low, high in ports)


def firewall(policy: Policy, whole: Any, symbols: list[str]) -> Iterator[Any]:
    """Rules of one network by priority, deny before allow, then what Google implies."""
    for rule in policy["items"]:
        if rule.get("disabled"):
            continue
        ingress = rule.get("direction", "INGRESS") == "INGRESS"
        far, near = ("source", "destination") if ingress else ("destination", "source")
        texts = list(rule.get(f"{far}Ranges") or ())
        names = [f"network-tag {tag}" for tag in rule.get("sourceTags") or ()]
        names += [f"service-account {one}" for one in rule.get("sourceServiceAccounts") or ()]
        peers = [symbol(name, symbols) for name in names]
        for text in texts or (["0.0.0.0/0"] if not names else []):
            peers += network(text, whole)
        locals_ = [p for text in rule.get(f"{near}Ranges") or () for p in network(text, whole)[:1]]
        targets = [f"tag {tag}" for tag in rule.get("targetTags") or ()]
        targets += [f"account {one}" for one in rule.get("targetServiceAccounts") or ()]
        services: list[Interval] = []
        for entry in rule.get("allowed") or rule.get("denied") or ():
            name = entry["IPProtocol"].lower()
            number = NUMBERS.get(name) or (int(name) if name.isdecimal() else None)
            ports = port_ranges(entry.get("ports") or ()) or (PORTS,)
            services += (
                [SERVICES] if number is None else [block(number, a, b - 1) for a, b in ports]
            )
        yield (
            rule.get("priority", 1000) * 2 + bool(rule.get("allowed")),
            bool(rule.get("allowed")),
            DIRECTIONS[not ingress],
            tuple(services),
            tuple(peers),
            tuple(locals_),
            (PORTS,),
            tuple(targets),
        )
    yield 1 << 30, True, "egress", (SERVICES,), whole


Parser = Callable[[Policy, Any, list[str]], Iterator[Any]]
PARSERS: Mapping[str, Parser] = {
    "security group": security_group,
    "network ACL": network_acl,
    "network security group": network_security_group,
    "firewall": firewall,
}
