"""Rules of network security groups: one row each, those that Azure adds to every group too.

The API has a single and a plural field for each side of a rule; a row has their union.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, parent, props, refs
from auditor.collect.azure.rules import members, ports, prefixes, rule_line
from auditor.collect.table import Raw, ResourceTable, boolean, integer, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each rule of each group, with its group as `_owner`."""
    groups = scope.pages("/providers/Microsoft.Network/networkSecurityGroups", versions.NETWORK)
    for group in groups:
        owner = {"id": group["id"], "location": group.get("location")}
        found = props(group)
        for key, default in (("securityRules", False), ("defaultSecurityRules", True)):
            for rule in found.get(key) or ():
                yield {**rule, "_owner": owner, "_default": default}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one rule."""
    found, owner = props(raw), raw.get("_owner") or {}
    group = arm_id(owner.get("id")) or parent(raw.get("id"))
    rule_id = arm_id(raw.get("id")) or f"{group}/securityrules/{raw['name'].lower()}"
    sides = {
        "source_port_ranges": ports(found, "source"),
        "destination_port_ranges": ports(found, "destination"),
        "source_prefixes": prefixes(found, "source"),
        "destination_prefixes": prefixes(found, "destination"),
        "source_asg_ids": refs(found.get("sourceApplicationSecurityGroups")),
        "destination_asg_ids": refs(found.get("destinationApplicationSecurityGroups")),
    }
    return {
        **arm_common(scope, raw, resource_id=rule_id, location=owner.get("location")),
        "group_id": group,
        "is_default": bool(raw.get("_default", "/defaultsecurityrules/" in rule_id)),
        "direction": found["direction"].lower(),
        "access": found["access"].lower(),
        "priority": found["priority"],
        "protocol": found["protocol"].lower(),
        **sides,
        "rule": rule_line(
            direction=found["direction"],
            access=found["access"],
            protocol=found["protocol"],
            priority=found["priority"],
            ports=(sides["source_port_ranges"], sides["destination_port_ranges"]),
            peers=(members(sides, "source"), members(sides, "destination")),
        ),
        "description": found.get("description"),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Rules of network security groups",
    description="Rules in the order of their priority: direction, protocol, ports and both sides.",
    columns=(
        text("group_id", "resource_id of the network security group."),
        boolean("is_default", "Whether Azure added it; such rules cannot be changed."),
        text("direction", "inbound or outbound."),
        text("access", "allow or deny."),
        integer("priority", "The rule with the lowest number that matches decides."),
        text("protocol", "tcp, udp, icmp, esp, ah, or * for all."),
        strings("source_port_ranges", "Source ports, such as 22 or 80-81; * is all."),
        strings("destination_port_ranges", "Destination ports, such as 22 or 80-81; * is all."),
        strings("source_prefixes", "Networks and service tags of the source; * is everything."),
        strings("destination_prefixes", "Networks and service tags of the destination."),
        strings("source_asg_ids", "Application security groups of the source."),
        strings("destination_asg_ids", "Application security groups of the destination."),
        text("rule", "The rule in one line, such as `ingress allow tcp/22 from * to *`."),
        text("description", "Text that people gave it."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Network/networkSecurityGroups/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="group_id",
)
