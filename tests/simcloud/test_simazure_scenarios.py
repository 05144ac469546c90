"""Scenarios change a simulated Azure consistently, and the Activity Log tells of them."""

from __future__ import annotations

import ipaddress

import pytest

from auditor.simcloud.azure import SimAzure, generate, scenarios
from tests.simcloud.azure_sdk import FIRST, PLACES, SECOND, Raw

HERE = (FIRST, "eastus")
ROOT = f"/subscriptions/{FIRST}"
COMPUTE, NETWORK = f"{ROOT}/providers/Microsoft.Compute", f"{ROOT}/providers/Microsoft.Network"
LATER = "eventTimestamp%20ge%20'2026-04-01T00:00:00Z'"
EVENTS = f"{ROOT}/providers/Microsoft.Insights/eventtypes/management/values?$filter={LATER}"
LISTS = (
    f"{COMPUTE}/virtualMachines",
    f"{COMPUTE}/disks",
    f"{COMPUTE}/virtualMachineScaleSets",
    f"{NETWORK}/networkInterfaces",
    f"{NETWORK}/networkSecurityGroups",
    f"{NETWORK}/publicIPAddresses",
)
SINGLE = [
    scenarios.open_nsg,
    scenarios.detach_nic_nsg,
    scenarios.disable_secure_boot,
    scenarios.add_identity,
    scenarios.change_user_data,
    scenarios.add_extension,
    scenarios.add_run_command,
    scenarios.export_disk,
    scenarios.recreate_vm,
    scenarios.scale_out,
    scenarios.scale_in,
    scenarios.rewrite_nsg,
    scenarios.churn_public_addresses,
]


def estate():
    return generate(subscriptions=(FIRST, SECOND), locations=PLACES, machines=60, seed=7)


@pytest.fixture
def cloud():
    with SimAzure(estate()) as running:
        yield running


@pytest.fixture
def raw(cloud):
    return Raw(cloud.url)


def state(raw):
    return {path: {i["id"].lower(): i for i in raw.all(path)} for path in LISTS}


def changed(before, after):
    """Return by list what was added, removed and changed."""
    return {
        path.rpartition("/")[2]: sorted(
            id_
            for id_ in before[path].keys() | after[path].keys()
            if before[path].get(id_) != after[path].get(id_)
        )
        for path in LISTS
        if before[path] != after[path]
    }


def operations(raw):
    """Return what succeeded, oldest first, with the resource."""
    events = [e for e in raw.all(EVENTS) if e["status"]["value"] == "Succeeded"]
    return [(e["operationName"]["value"], e["resourceId"].lower()) for e in reversed(events)]


def test_snapshot_chain(cloud, raw):
    before = state(raw)
    touched = scenarios.snapshot_chain(cloud.estate, *HERE)
    snapshot, disk, vm, nic, nsg, address = (
        raw.get(touched[kind][0])
        for kind in ("snapshots", "disks", "machines", "interfaces", "groups", "addresses")
    )
    victim = raw.get(touched["victims"][0])
    source = victim["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    origin = snapshot["properties"]["creationData"]
    assert origin["createOption"] == "Copy"
    assert origin["sourceResourceId"].lower() == source.lower()
    assert disk["properties"]["creationData"]["createOption"] == "Copy"
    assert disk["properties"]["creationData"]["sourceResourceId"] == snapshot["id"]
    assert disk["managedBy"] == vm["id"] and disk["properties"]["diskState"] == "Attached"
    [data] = vm["properties"]["storageProfile"]["dataDisks"]
    assert data["managedDisk"]["id"] == disk["id"]
    assert vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"] == nic["id"]
    assert nic["properties"]["virtualMachine"]["id"] == vm["id"]
    assert nic["properties"]["networkSecurityGroup"]["id"] == nsg["id"]
    assert nsg["properties"]["networkInterfaces"] == [{"id": nic["id"]}]
    configuration = nic["properties"]["ipConfigurations"][0]
    assert configuration["properties"]["publicIPAddress"]["id"] == address["id"]
    assert address["properties"]["ipConfiguration"]["id"] == configuration["id"]
    assert ipaddress.ip_address(address["properties"]["ipAddress"]).is_global
    [rule] = nsg["properties"]["securityRules"]
    assert rule["properties"]["sourceAddressPrefix"] == "*"
    assert rule["properties"]["destinationPortRange"] == "22"
    root = vm["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"].lower()
    assert touched["disks"] == [disk["id"].lower(), root]
    addresses = [
        i["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
        for i in raw.all(f"{NETWORK}/networkInterfaces")
        if i["location"] == "eastus"
    ]
    assert len(addresses) == len(set(addresses))
    assert changed(before, state(raw)) == {
        "virtualMachines": touched["machines"],
        "disks": sorted(touched["disks"]),
        "networkInterfaces": touched["interfaces"],
        "networkSecurityGroups": touched["groups"],
        "publicIPAddresses": touched["addresses"],
    }
    assert [name.partition("/")[2] for name, _ in operations(raw)] == [
        "snapshots/write",
        "disks/write",
        "networkSecurityGroups/write",
        "networkSecurityGroups/securityRules/write",
        "publicIPAddresses/write",
        "networkInterfaces/write",
        "virtualMachines/write",
        "virtualMachines/write",
    ]
    logged = {resource for _, resource in operations(raw)}
    assert logged >= {touched[k][0] for k in ("snapshots", "disks", "groups", "machines")}


def test_events_come_in_pairs_with_who_and_where(cloud, raw):
    scenarios.open_nsg(cloud.estate, *HERE)
    succeeded, started = raw.all(EVENTS)
    assert (started["status"]["value"], started["eventName"]["value"]) == (
        "Started",
        "BeginRequest",
    )
    assert started["correlationId"] == succeeded["correlationId"]
    assert started["eventDataId"] != succeeded["eventDataId"]
    assert started["eventTimestamp"] < succeeded["eventTimestamp"]
    assert started["caller"] == "intern@example.com"
    assert started["httpRequest"]["clientIpAddress"] == "203.0.113.66"
    assert '"destinationPortRange": "22"' in started["properties"]["requestbody"]
    assert "requestbody" not in succeeded["properties"]
    assert succeeded["subStatus"]["value"] == "Created"


def test_opening_a_group_comes_before_all_its_rules(cloud, raw):
    [nsg_id] = scenarios.open_nsg(cloud.estate, *HERE, port="3389")["groups"]
    rules = raw.get(nsg_id)["properties"]["securityRules"]
    inbound = [r["properties"] for r in rules if r["properties"]["direction"] == "Inbound"]
    assert len({rule["priority"] for rule in inbound}) == len(inbound)
    first = min(inbound, key=lambda rule: rule["priority"])
    assert first["destinationPortRange"] == "3389" and first["access"] == "Allow"


def test_single_settings(cloud, raw):
    before = state(raw)
    [nic_id] = scenarios.detach_nic_nsg(cloud.estate, *HERE)["interfaces"]
    nic = raw.get(nic_id)
    assert "networkSecurityGroup" not in nic["properties"]
    assert "networkSecurityGroup" in before[LISTS[3]][nic_id]["properties"]
    [vm_id] = scenarios.disable_secure_boot(cloud.estate, *HERE)["machines"]
    boot = raw.get(vm_id)["properties"]["securityProfile"]["uefiSettings"]
    assert boot == {"secureBootEnabled": False, "vTpmEnabled": True}
    [vm_id] = scenarios.add_identity(cloud.estate, *HERE)["machines"]
    assert "identity" not in before[LISTS[0]][vm_id]
    assert raw.get(vm_id)["identity"]["type"] == "UserAssigned"
    [vm_id] = scenarios.change_user_data(cloud.estate, *HERE)["machines"]
    assert raw.get(f"{vm_id}?$expand=userData")["properties"]["userData"].startswith("IyEvYmlu")
    [disk_id] = scenarios.export_disk(cloud.estate, *HERE)["disks"]
    disk = raw.get(disk_id)["properties"]
    assert (disk["networkAccessPolicy"], disk["diskState"]) == ("AllowAll", "ActiveSAS")


def test_code_on_a_machine(cloud, raw):
    touched = scenarios.add_extension(cloud.estate, *HERE)
    [vm_id], [extension_id] = touched["machines"], touched["extensions"]
    added = raw.all(f"{vm_id}/extensions")[-1]
    assert added["id"].lower() == extension_id and added["properties"]["type"] == "CustomScript"
    assert {"id": added["id"]} in raw.get(vm_id)["resources"]
    [vm_id] = scenarios.add_run_command(cloud.estate, *HERE)["machines"]
    assert raw.all(f"{vm_id}/runCommands")[-1]["properties"]["runAsUser"] == "root"


def test_recreated_machine_keeps_its_id_only(cloud, raw):
    before = state(raw)
    touched = scenarios.recreate_vm(cloud.estate, *HERE)
    [vm_id], (old, new) = touched["machines"], touched["disks"]
    was, vm = before[LISTS[0]][vm_id], raw.get(vm_id)
    assert was["id"] == vm["id"] and was["properties"]["vmId"] != vm["properties"]["vmId"]
    assert raw.error(old) == (404, "ResourceNotFound")
    assert raw.get(new)["managedBy"].lower() == vm_id
    assert [name for name, _ in operations(raw)] == [
        "Microsoft.Compute/virtualMachines/delete",
        "Microsoft.Compute/virtualMachines/write",
    ]


def test_scaling_out_and_in_again(cloud, raw):
    before = state(raw)
    [set_id] = scenarios.scale_out(cloud.estate, *HERE, count=3)["scale_sets"]
    parts = [f"{set_id}/{p}" for p in ("virtualMachines", "networkInterfaces", "publicIPAddresses")]
    grown = [len(raw.all(path)) for path in parts]
    assert raw.get(set_id)["sku"]["capacity"] == grown[0] == grown[1] == 6
    assert len(raw.all(LISTS[1])) == len(before[LISTS[1]]) + 3
    scenarios.scale_in(cloud.estate, *HERE, count=3)
    assert state(raw) == before
    assert {e["caller"] for e in raw.all(EVENTS)} == {"Microsoft.Insights/autoscaleSettings"}


def test_rewritten_groups_mean_the_same(cloud, raw):
    before = raw.all(LISTS[4])
    scenarios.rewrite_nsg(cloud.estate, *HERE)
    after = raw.all(LISTS[4])
    assert before != after
    assert list(map(meaning, before)) == list(map(meaning, after))


def meaning(group):
    """Return the rules of a group in order, each by what it matches."""
    found = []
    for rule in group["properties"]["securityRules"] + group["properties"]["defaultSecurityRules"]:
        own = rule["properties"]
        matched = [
            sorted(
                [own.get(f"{name}{one}", "")] * bool(own.get(f"{name}{one}"))
                + own.get(f"{name}{many}", [])
            )
            for name, one, many in (
                ("destinationPort", "Range", "Ranges"),
                ("sourceAddress", "Prefix", "Prefixes"),
                ("destinationAddress", "Prefix", "Prefixes"),
            )
        ]
        groups = own.get("sourceApplicationSecurityGroups", [])
        what = (own["access"], own["protocol"].lower(), str(matched), str(groups))
        found.append((own["direction"], own["priority"], what))
    return [(direction, what) for direction, _, what in sorted(found)]


def test_shuffling_changes_order_only(cloud, raw):
    before, ids = state(raw), [i["id"] for i in raw.all(LISTS[0])]
    scenarios.shuffle(cloud.estate, *HERE)
    assert [i["id"] for i in raw.all(LISTS[0])] != ids
    assert ordered(state(raw)) == ordered(before)


def ordered(value):
    if isinstance(value, dict):
        return tuple((key, ordered(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(sorted(map(ordered, value), key=repr))
    return value


def test_a_dynamic_address_changes(cloud, raw):
    before = state(raw)
    [address_id] = scenarios.churn_public_addresses(cloud.estate, *HERE)["addresses"]
    was, now = before[LISTS[5]][address_id], raw.get(address_id)
    assert was["properties"]["ipAddress"] != now["properties"]["ipAddress"]
    assert was["sku"] == now["sku"] == {"name": "Basic", "tier": "Regional"}
    assert changed(before, state(raw)) == {"publicIPAddresses": [address_id]}


@pytest.mark.parametrize("scenario", SINGLE, ids=lambda s: s.__name__)
def test_other_places_stay_and_equal_estates_change_equally(scenario):
    one, two = estate(), estate()
    assert scenario(one, *HERE) == scenario(two, *HERE)
    untouched = estate()
    for own, other, was in zip(
        one.subscriptions.values(),
        two.subscriptions.values(),
        untouched.subscriptions.values(),
        strict=True,
    ):
        assert own.events == other.events
        for kind, listed in own.lists.items():
            everything = {id_: listed.get(id_) for id_ in listed.ids()}
            assert everything == {id_: other.lists[kind].get(id_) for id_ in listed.ids()}
            for id_, resource in everything.items():
                if own.id == SECOND or resource.get("location") == "westeurope":
                    assert resource == was.lists[kind].get(id_)


def test_groups_without_rules_in_one_direction_are_rewritten_too(cloud):
    scenarios.snapshot_chain(cloud.estate, *HERE)
    assert scenarios.rewrite_nsg(cloud.estate, *HERE)["groups"]
