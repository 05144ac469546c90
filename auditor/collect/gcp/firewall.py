"""Firewall rules, of VPC networks and of policies, in one form that reads like a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.collect.gcp.names import full_name, references, short
from auditor.collect.table import boolean, integer, sorted_set, strings, text

PROTOCOLS = {
    "1": "icmp",
    "4": "ipip",
    "6": "tcp",
    "17": "udp",
    "50": "esp",
    "51": "ah",
    "58": "icmpv6",
    "132": "sctp",
}
"""Numbers of the protocols that have names in firewall rules."""

ANYWHERE = ("0.0.0.0/0",)
"""What a rule of a VPC network means that names no peer: all of IPv4, and no IPv6."""


def services(entries: Iterable[Mapping[str, Any]] | None, key: str = "IPProtocol") -> list[str]:
    """Return protocols and ports as a sorted set, such as `tcp/22`, `udp/53-60` or `all`."""
    found: set[str] = set()
    for entry in entries or ():
        name = str(entry.get(key, "all")).lower()
        name = PROTOCOLS.get(name, name)
        found |= {f"{name}/{port}" for port in entry.get("ports") or ()} or {name}
    return sorted(found)


def sentence(
    direction: str,
    action: str | None,
    what: Iterable[str],
    peers: Iterable[str],
    targets: Iterable[str],
) -> str:
    """Return a rule in one line, such as `ingress allow tcp/22 from 0.0.0.0/0 to tag:web`."""
    near, far = ("from", "to") if direction == "INGRESS" else ("to", "from")
    line = f"{direction.lower()} {action or 'no action'} {','.join(what) or 'nothing'}"
    line += f" {near} {','.join(peers) or 'anywhere'}"
    return f"{line} {far} {','.join(targets)}" if targets else line


def policy_rule(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of one rule of a firewall policy."""
    direction = str(raw.get("direction") or "INGRESS")
    match = raw.get("match") or {}
    own, other = ("dest", "src") if direction == "INGRESS" else ("src", "dest")
    what = services(match.get("layer4Configs"), "ipProtocol")
    targets = _targets(raw)
    row: dict[str, Any] = {
        "direction": direction,
        "priority": raw.get("priority"),
        "action": raw.get("action"),
        "disabled": raw.get("disabled", False),
        "services": what,
        "targets": targets,
        "target_secure_tags": _tags(raw.get("targetSecureTags")),
        "ineffective_secure_tags": _ineffective(raw, match),
        "log_enabled": raw.get("enableLogging"),
        "tls_inspect": raw.get("tlsInspect"),
        "security_profile_group": raw.get("securityProfileGroup"),
        "rule_name": raw.get("ruleName"),
        "description": raw.get("description"),
    }
    for side in ("src", "dest"):
        row |= _side(match, side)
    peers, ours = _peers(row, other), _peers(row, own)
    named = [f"network:{short(t)}" if t.startswith("network:") else t for t in targets]
    row["rule"] = sentence(direction, raw.get("action"), what, peers, [*named, *ours])
    return row


def _side(match: Mapping[str, Any], side: str) -> dict[str, Any]:
    return {
        f"{side}_ip_ranges": sorted_set(match.get(f"{side}IpRanges") or ()),
        f"{side}_address_groups": sorted_set(match.get(f"{side}AddressGroups") or ()),
        f"{side}_fqdns": sorted_set(match.get(f"{side}Fqdns") or ()),
        f"{side}_region_codes": sorted_set(match.get(f"{side}RegionCodes") or ()),
        f"{side}_threat_intelligences": sorted_set(match.get(f"{side}ThreatIntelligences") or ()),
        f"{side}_secure_tags": _tags(match.get(f"{side}SecureTags")),
        f"{side}_network_context": match.get(f"{side}NetworkContext")
        or match.get(f"{side}NetworkType"),
        f"{side}_networks": references(match.get(f"{side}Networks")),
    }


def _peers(row: Mapping[str, Any], side: str) -> list[str]:
    """Return everything that a rule names on one side, each kind with its name."""
    context = row[f"{side}_network_context"]
    kinds = (
        ("address group:", "address_groups"),
        ("fqdn:", "fqdns"),
        ("region:", "region_codes"),
        ("threat:", "threat_intelligences"),
        ("secure tag:", "secure_tags"),
        ("network:", "networks"),
    )
    named = [
        f"{kind}{short(value) if key == 'networks' else value}"
        for kind, key in kinds
        for value in row[f"{side}_{key}"]
    ]
    place = [f"context:{context}"] if context and context != "UNSPECIFIED" else []
    return [*row[f"{side}_ip_ranges"], *named, *place]


def _targets(raw: Mapping[str, Any]) -> list[str]:
    kind = raw.get("targetType")
    return sorted(
        {
            *(f"network:{full_name(name)}" for name in raw.get("targetResources") or ()),
            *(f"account:{name}" for name in raw.get("targetServiceAccounts") or ()),
            *(f"secure tag:{tag}" for tag in _tags(raw.get("targetSecureTags"))),
            *(f"forwarding rule:{full_name(n)}" for n in raw.get("targetForwardingRules") or ()),
            *([f"kind:{kind}"] if kind and kind != "INSTANCES" else []),
        }
    )


def _tags(tags: Iterable[Mapping[str, Any]] | None) -> list[str]:
    return sorted_set(tag.get("name") for tag in tags or ())


def _ineffective(raw: Mapping[str, Any], match: Mapping[str, Any]) -> list[str]:
    """Return the secure tags that no longer exist: a rule may match nothing because of them."""
    holders = (raw.get("targetSecureTags"), match.get("srcSecureTags"), match.get("destSecureTags"))
    return sorted_set(
        tag.get("name")
        for tags in holders
        for tag in tags or ()
        if tag.get("state") == "INEFFECTIVE"
    )


def _side_columns(side: str, word: str) -> tuple[Any, ...]:
    return (
        strings(f"{side}_ip_ranges", f"{word} as networks."),
        strings(f"{side}_address_groups", f"{word} as address groups."),
        strings(f"{side}_fqdns", f"{word} as domain names."),
        strings(f"{side}_region_codes", f"{word} as countries."),
        strings(f"{side}_threat_intelligences", f"{word} as threat intelligence lists."),
        strings(f"{side}_secure_tags", f"{word} as secure tags."),
        text(f"{side}_network_context", f"{word} as a kind of network, such as INTERNET."),
        strings(f"{side}_networks", f"{word} as VPC networks."),
    )


POLICY_RULE_COLUMNS = (
    text("direction", "INGRESS or EGRESS."),
    integer("priority", "Place in the policy; the lowest number that matches decides."),
    text("action", "allow, deny, goto_next, apply_security_profile_group and so on."),
    boolean("disabled", "Whether it is switched off."),
    strings("services", "Protocols and ports, such as tcp/22."),
    *_side_columns("src", "Sources"),
    *_side_columns("dest", "Destinations"),
    strings("targets", "What it is limited to; nothing for every instance in its networks."),
    strings("target_secure_tags", "Secure tags that it is limited to."),
    strings("ineffective_secure_tags", "Secure tags in it that no longer exist."),
    boolean("log_enabled", "Whether connections are logged."),
    boolean("tls_inspect", "Whether TLS is opened for inspection."),
    text("security_profile_group", "Security profiles that inspect the traffic."),
    text("rule_name", "Name that people gave it."),
    text("description", "Text that people gave it."),
    text("rule", "The rule in one line, such as `ingress allow tcp/22 from 10.0.0.0/8`."),
)
