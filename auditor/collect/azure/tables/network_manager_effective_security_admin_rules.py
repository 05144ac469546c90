"""Security admin rules that a network manager imposes on a virtual network.

They are decided before any network security group. A network that leaves its group loses them
without a change of its own, so they are read per network: one row per network and rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, arm_id, props, refs
from auditor.collect.azure.rules import rule_line
from auditor.collect.table import Raw, ResourceTable, integer, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope, Ref

ACTION = "listNetworkManagerEffectiveSecurityAdminRules"


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each rule that is in force in each virtual network, with the network as `_owner`."""
    networks = scope.index("virtualNetworks")

    def listed(network: Ref) -> list[dict[str, Any]]:
        return list(scope.post_pages(f"{network.id}/{ACTION}", versions.NETWORK))

    for network, found in zip(networks, scope.each(listed, networks), strict=True):
        for rule in found or ():
            yield {**rule, "_owner": {"id": network.id, "location": network.location}}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one rule in one network."""
    found, owner = props(raw), raw["_owner"]
    network, rule_id = arm_id(owner["id"]), arm_id(raw["id"])
    sides = (_peers(found.get("sources")), _peers(found.get("destinations")))
    ports = (
        sorted_set(found.get("sourcePortRanges") or ()),
        sorted_set(found.get("destinationPortRanges") or ()),
    )
    return {
        **arm_common(
            scope,
            raw,
            resource_id=f"{network}/effectivesecurityadminrules{rule_id}",
            incarnation_id=found.get("resourceGuid"),
            location=owner.get("location"),
        ),
        "name": raw["id"].rpartition("/")[2],
        "virtual_network_id": network,
        "rule_id": rule_id,
        "kind": raw.get("kind"),
        "flag": found.get("flag"),
        "direction": found["direction"].lower(),
        "access": found["access"].lower(),
        "priority": found.get("priority"),
        "protocol": found["protocol"].lower(),
        "source_port_ranges": ports[0],
        "destination_port_ranges": ports[1],
        "sources": sides[0],
        "destinations": sides[1],
        "network_group_ids": sorted_set(
            [
                *refs(raw.get("ruleGroups")),
                *(
                    arm_id(item.get("networkGroupId"))
                    for item in raw.get("ruleCollectionAppliesToGroups") or ()
                ),
            ]
        ),
        "rule": rule_line(
            direction=found["direction"],
            access=found["access"],
            protocol=found["protocol"],
            priority=found.get("priority"),
            ports=ports,
            peers=sides,
        ),
        "description": found.get("description"),
    }


def _peers(found: list[Item] | None) -> list[str]:
    """Return networks, tags and groups; each kind but networks says what it is."""
    return sorted_set(
        str(item.get("addressPrefix"))
        if item.get("addressPrefixType") in (None, "IPPrefix")
        else f"{item['addressPrefixType']}:{_symbol(item)}"
        for item in found or ()
    )


def _symbol(item: Item) -> str:
    found = str(item.get("addressPrefix"))
    return found.lower() if found.startswith("/") else found


TABLE = ResourceTable(
    title="Security admin rules in force",
    description="Rules of network managers in force in each virtual network, before its groups.",
    columns=(
        text("virtual_network_id", "resource_id of the virtual network."),
        text("rule_id", "Id of the rule in its network manager."),
        text("kind", "Custom or Default."),
        text("flag", "Which default rule it is."),
        text("direction", "inbound or outbound."),
        text("access", "allow, alwaysallow or deny."),
        integer("priority", "The rule with the lowest number that matches decides."),
        text("protocol", "tcp, udp, icmp, esp, ah or any."),
        strings("source_port_ranges", "Source ports."),
        strings("destination_port_ranges", "Destination ports."),
        strings("sources", "Networks; service tags and network groups with their kind."),
        strings("destinations", "Networks; service tags and network groups with their kind."),
        strings("network_group_ids", "Network groups that it is meant for."),
        text("rule", "The rule in one line."),
        text("description", "Text that people gave it."),
    ),
    permissions=(
        "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="virtual_network_id",
)
