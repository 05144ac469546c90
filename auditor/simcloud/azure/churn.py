"""Benign changes that mean nothing: the same policies in other words, another order, addresses."""

from __future__ import annotations

import random
from itertools import zip_longest

from auditor.simcloud.azure import changes, events, firewall
from auditor.simcloud.azure.changes import MOMENT, Site, Touched
from auditor.simcloud.azure.estate import ADDRESS, NIC, NSG, Estate
from auditor.simcloud.azure.wire import Resource

PREFIXES = (
    "destinationPortRange",
    "sourcePortRange",
    "sourceAddressPrefix",
    "destinationAddressPrefix",
)


def rewrite_nsg(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Write every group anew with the same meaning: other fields, order, priorities and case."""
    touched: Touched = {"groups": []}
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        groups = site.list(NSG)
        for id_ in list(groups.ids()):
            if groups.get(id_)["location"] != location:
                continue
            group = groups.edit(id_)
            rules = group["properties"]["securityRules"]
            for rule in rules:
                _rewrite(rule["properties"])
            for direction in ("Inbound", "Outbound"):
                _renumber([r["properties"] for r in rules], direction)
            rules.reverse()
            changes.touch(site, group)
            site.log(f"{firewall.NSG}/write", group["id"], actor=events.PIPELINE)
            touched["groups"].append(id_)
    return touched


def shuffle(
    estate: Estate, subscription: str, location: str, *, seed: int = 1, inside: int = 1000
) -> Touched:
    """List everything in another order, also inside the first `inside` machines of a location."""
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    with estate.lock:
        here = estate.subscriptions[subscription]
        touched = [i for i in here.machines.ids() if _is_in(here.machines.get(i), location)]
        for id_ in touched[:inside]:
            vm = here.machines.edit(id_)
            vm["tags"] = dict(rng.sample(list(vm["tags"].items()), len(vm["tags"])))
            vm["properties"]["storageProfile"]["dataDisks"].reverse()
            if "resources" in vm:
                rng.shuffle(vm["resources"])
        for id_ in here.lists[NSG].ids():
            if _is_in(here.lists[NSG].get(id_), location):
                properties = here.lists[NSG].edit(id_)["properties"]
                rng.shuffle(properties["securityRules"])
                rng.shuffle(properties["defaultSecurityRules"])
        for collection in here.lists.values():
            collection.shuffle(rng)
    return {"machines": touched[:inside]}


def churn_public_addresses(
    estate: Estate, subscription: str, location: str, *, moment: str = MOMENT
) -> Touched:
    """Stop and start a machine, which changes an address that is dynamic."""
    with estate.lock:
        site = Site(estate.subscriptions[subscription], location, moment)
        address_id = site.pick(ADDRESS, _is_passing, "that is dynamic and in use")
        address = site.list(ADDRESS).edit(address_id)
        address["properties"]["ipAddress"] = site.machines.public_ip((6 << 16) + site.fresh())
        changes.touch(site, address)
        nic_id = address["properties"]["ipConfiguration"]["id"].lower().split("/ipconf")[0]
        vm_id = site.list(NIC).get(nic_id)["properties"]["virtualMachine"]["id"]
        for operation in ("deallocate/action", "start/action"):
            site.log(f"Microsoft.Compute/virtualMachines/{operation}", vm_id, actor=events.PIPELINE)
    return {"addresses": [address_id], "machines": [vm_id.lower()]}


def _rewrite(rule: Resource) -> None:
    for singular in PREFIXES:
        plural = singular + ("es" if singular.endswith("x") else "s")
        value, values = rule.get(singular), rule.get(plural) or []
        if value not in (None, "*"):
            rule.pop(singular)
            rule[plural] = [value]
        elif len(values) == 1:
            rule[singular], rule[plural] = values[0], []
        else:
            rule[plural] = values[::-1]
    rule["protocol"] = rule["protocol"].upper()


def _renumber(rules: list[Resource], direction: str) -> None:
    """Move each rule back by 5 where that changes nothing about the order."""
    mine = sorted(
        (rule for rule in rules if rule["direction"] == direction), key=lambda r: r["priority"]
    )
    for rule, after in zip_longest(mine, mine[1:]):
        limit = after["priority"] if after else changes.LAST + 1
        if rule["priority"] + 5 < limit:
            rule["priority"] += 5


def _is_passing(address: Resource) -> bool:
    properties = address["properties"]
    return "ipAddress" in properties and properties["publicIPAllocationMethod"] == "Dynamic"


def _is_in(resource: Resource, location: str) -> bool:
    return bool(resource["location"] == location)
