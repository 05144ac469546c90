"""Network security groups of Azure, with rules inline or as resources of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.proposals.azure import GROUPS, rule_of
from auditor.proposals.model import Proposal, Raw, objects
from auditor.proposals.terraform.plan import Change, Plan
from auditor.proposals.terraform.reading import Reader, unknowns

_FIELDS = {
    "access": "access",
    "description": "description",
    "destination_address_prefix": "destinationAddressPrefix",
    "destination_address_prefixes": "destinationAddressPrefixes",
    "destination_port_range": "destinationPortRange",
    "destination_port_ranges": "destinationPortRanges",
    "direction": "direction",
    "priority": "priority",
    "protocol": "protocol",
    "source_address_prefix": "sourceAddressPrefix",
    "source_address_prefixes": "sourceAddressPrefixes",
    "source_port_range": "sourcePortRange",
    "source_port_ranges": "sourcePortRanges",
}
_GROUPS = {
    "destination_application_security_group_ids": "destinationApplicationSecurityGroups",
    "source_application_security_group_ids": "sourceApplicationSecurityGroups",
}


def _group(_: Plan, change: Change) -> Iterator[Proposal]:
    name, near = change.known("name"), f"/resourcegroups/{_resource_group(change)}/"
    problems = unknowns(change, ("security_rule", "name", "resource_group_name"))
    if change.is_gone:
        problems = (f"{change.address} is deleted, and nothing filters what it is attached to",)
    blocks = [] if change.is_unknown("security_rule") else change.after.get("security_rule")
    yield Proposal(
        GROUPS,
        str(change.before.get("id") or f"{near}providers/{_PROVIDER}/{name}").lower(),
        change.where,
        name=name,
        new={
            "id": f"{near}providers/{_PROVIDER}/{name}",
            "name": name,
            "location": change.known("location"),
        }
        if change.is_new
        else None,
        near=near,
        aliases=(f"{near}providers/{_PROVIDER}/{name}".lower(), change.address),
        rules=tuple(_rule(b, change) for b in objects(blocks, f"{change.where} security_rule")),
        problems=problems,
    )


def _single(_: Plan, change: Change) -> Iterator[Proposal]:
    """Yield an `azurerm_network_security_rule`; it names its group, which the plan knows."""
    for values, key in ((change.before, "dropped"), (change.after, "added")):
        if not values:
            continue
        problems = unknowns(change, (*_FIELDS, *_GROUPS, "name", "network_security_group_name"))
        if key == "dropped":
            problems = ()
        group = values.get("network_security_group_name") or change.address
        policy = (
            f"/resourcegroups/{values.get('resource_group_name')}/providers/{_PROVIDER}/{group}"
        )
        if values.get("id"):
            policy = str(values["id"]).lower().partition("/securityrules/")[0]
        rules = () if problems else (_rule(values, change),)
        yield Proposal(
            GROUPS,
            policy.lower(),
            change.where,
            dropped=rules if key == "dropped" else (),
            added=rules if key == "added" else (),
            problems=problems,
        )


def _resource_group(change: Change) -> str:
    return str(change.known("resource_group_name")).lower()


def _rule(values: Mapping[str, Any], change: Change) -> Raw:
    fields = {name: values[key] for key, name in _FIELDS.items() if values.get(key)}
    for key, name in _GROUPS.items():
        if values.get(key):
            fields[name] = [{"id": one} for one in values[key]]
    return rule_of({"name": values.get("name"), "properties": fields}, change.where)


_PROVIDER = "microsoft.network/networksecuritygroups"

RESOURCES: dict[str, Reader] = {
    "azurerm_network_security_group": _group,
    "azurerm_network_security_rule": _single,
}

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "azurerm_network_interface_application_security_group_association": (),
    "azurerm_network_interface_security_group_association": (),
    "azurerm_network_manager_admin_rule": (),
    "azurerm_subnet_network_security_group_association": (),
}
