"""Network security groups of Azure, in the two forms in which its tools write them.

The API nests fields below `properties`; the command line writes them flat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.proposals.model import Document, Proposal, Raw, leaves, objects, text_of

GROUPS = "azure_network_security_groups"
GROUP_TYPE = "microsoft.network/networksecuritygroups"
RULE_TYPE = f"{GROUP_TYPE}/securityrules"

_OF_A_RESOURCE = ("id", "name", "type", "location", "etag", "tags")
_OF_A_RULE = ("name", "direction", "access", "priority", "protocol")


def _default(name: str, direction: str, priority: int, access: str, *peers: str) -> Raw:
    return {
        "name": name,
        "_default": True,
        "properties": {
            "direction": direction,
            "access": access,
            "priority": priority,
            "protocol": "*",
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "sourceAddressPrefix": peers[0],
            "destinationAddressPrefix": peers[1],
        },
    }


DEFAULT_RULES = (
    _default("AllowVnetInBound", "Inbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    _default("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", "AzureLoadBalancer", "*"),
    _default("DenyAllInBound", "Inbound", 65500, "Deny", "*", "*"),
    _default("AllowVnetOutBound", "Outbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    _default("AllowInternetOutBound", "Outbound", 65001, "Allow", "*", "Internet"),
    _default("DenyAllOutBound", "Outbound", 65500, "Deny", "*", "*"),
)
"""Rules that Azure adds to every group."""


def nested(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource or rule with its fields below `properties`."""
    if isinstance(item.get("properties"), dict):
        return dict(item)
    kept = {key: item[key] for key in _OF_A_RESOURCE if key in item}
    rest = {key: value for key, value in item.items() if key not in kept}
    return {**kept, "properties": rest}


def group_proposal(item: Mapping[str, Any], where: str) -> Proposal:
    """Return a group with all its rules; those of Azure stay where it does not list them."""
    group = nested(item)
    found = group["properties"]
    rules = [rule_of(rule, where) for rule in objects(found.get("securityRules"), where)]
    rules += [
        {**rule_of(rule, where), "_default": True}
        for rule in objects(found.get("defaultSecurityRules"), where)
    ]
    policy = group.get("id") or text_of(group, "name", where)
    return Proposal(
        table=GROUPS,
        policy=str(policy).lower(),
        where=where,
        name=group.get("name"),
        rules=tuple(rules),
        problems=expressions(group["properties"] | {"name": policy}),
    )


def rule_of(item: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a rule as the API has it; raises `UsageError` where it lacks what every rule has."""
    rule = nested(item)
    found = rule["properties"] | {"name": rule.get("name")}
    for key in _OF_A_RULE:
        if key == "priority" and isinstance(found.get(key), int):
            continue
        text_of(found, key, f"{where} rule {rule.get('name') or '?'}")
    return rule


def expressions(value: Document) -> tuple[str, ...]:
    """Return the template expressions in a value: nothing is known of what they stand for."""
    return tuple(
        sorted(
            {
                f"{text} is known only at deployment"
                for text in leaves(value)
                if isinstance(text, str) and text.startswith("[") and text.endswith("]")
            }
        )
    )
