"""Everything in a simulated Azure is read by the SDK and by plain requests, page by page."""

from __future__ import annotations

import re

import pytest

from auditor.simcloud.azure import SimAzure, generate
from auditor.simcloud.azure.governance import CORPORATE
from auditor.simcloud.azure.paths import KINDS
from tests.simcloud.azure_sdk import FIRST, PLACES, SECOND, Raw, Sdk

ROOT = f"/subscriptions/{FIRST}"
GROUPLESS = ("SerialConsole", "/policy", "/role")
"""Parts of kinds of what belongs to a subscription, or to a management group above it."""
LISTS = [
    kind for kind in KINDS if kind.count("/") == 1 and not any(part in kind for part in GROUPLESS)
]
NOT_SERVED = ("/securityadminconfigurations/", "/networkgroups/", "/locations/", "/events/")
"""Parts of ids of things that no operation of this cloud lists."""


@pytest.fixture(scope="module")
def cloud():
    estate = generate(subscriptions=(FIRST, SECOND), locations=PLACES, machines=120, seed=7)
    with SimAzure(estate, page_size=10) as running:
        yield running


@pytest.fixture(scope="module")
def sdk(cloud):
    made = Sdk(cloud.url)
    yield made
    for client in made.opened:
        client.close()


@pytest.fixture
def raw(cloud):
    return Raw(cloud.url)


def test_sdk_lists_of_a_subscription(sdk, cloud):
    compute, network = sdk.compute(), sdk.network()
    lists = cloud.estate.subscriptions[FIRST].lists
    found = {
        "microsoft.compute/virtualmachines": compute.virtual_machines.list_all(),
        "microsoft.compute/disks": compute.disks.list(),
        "microsoft.compute/snapshots": compute.snapshots.list(),
        "microsoft.compute/images": compute.images.list(),
        "microsoft.compute/galleries": compute.galleries.list(),
        "microsoft.compute/virtualmachinescalesets": compute.virtual_machine_scale_sets.list_all(),
        "microsoft.network/networkinterfaces": network.network_interfaces.list_all(),
        "microsoft.network/publicipaddresses": network.public_ip_addresses.list_all(),
        "microsoft.network/networksecuritygroups": network.network_security_groups.list_all(),
        "microsoft.network/virtualnetworks": network.virtual_networks.list_all(),
        "microsoft.network/routetables": network.route_tables.list_all(),
        "microsoft.network/loadbalancers": network.load_balancers.list_all(),
        "microsoft.network/networkmanagers": network.network_managers.list_by_subscription(),
        "microsoft.network/applicationsecuritygroups": (
            network.application_security_groups.list_all()
        ),
    }
    for kind, listed in found.items():
        ids = [item.id.lower() for item in listed]
        assert ids == lists[kind].ids(), kind
        assert ids, kind
    assert len(lists["microsoft.compute/virtualmachines"]) == 240


def test_sdk_reads_one_machine(sdk):
    compute = sdk.compute()
    vm = [vm for vm in compute.virtual_machines.list_all() if "_" not in vm.name][1]
    group = vm.id.split("/")[4]
    assert group == group.upper()
    plain = compute.virtual_machines.get(group.lower(), vm.name.upper())
    assert plain.vm_id == vm.vm_id and plain.user_data is None and plain.instance_view is None
    assert compute.virtual_machines.get(group, vm.name, expand="userData").user_data
    viewed = compute.virtual_machines.get(group, vm.name, expand="instanceView").instance_view
    assert viewed.as_dict() == compute.virtual_machines.instance_view(group, vm.name).as_dict()
    assert {status.code for status in viewed.statuses} >= {"PowerState/running"}
    extensions = compute.virtual_machine_extensions.list(group, vm.name).value
    assert {e.id for e in extensions} == {r.id for r in vm.resources}
    commands = list(compute.virtual_machine_run_commands.list_by_virtual_machine(group, vm.name))
    assert all(command.source.script for command in commands)
    expanded = compute.virtual_machines.list_all(expand="instanceView")
    assert all(vm.instance_view.statuses for vm in expanded)


def test_sdk_reads_scale_sets(sdk):
    compute, network = sdk.compute(), sdk.network()
    flexible = uniform = 0
    for scale_set in compute.virtual_machine_scale_sets.list_all():
        place = scale_set.id.split("/")[4], scale_set.name
        members = list(compute.virtual_machine_scale_set_vms.list(*place))
        cards = network.network_interfaces.list_virtual_machine_scale_set_network_interfaces(*place)
        addresses = network.public_ip_addresses.list_virtual_machine_scale_set_public_ip_addresses(
            *place
        )
        cards, addresses = list(cards), list(addresses)
        told = compute.virtual_machine_scale_sets.get(*place, expand="userData")
        expected = scale_set.name.endswith("-01") or scale_set.orchestration_mode == "Flexible"
        assert bool(told.virtual_machine_profile.user_data) == expected
        assert scale_set.virtual_machine_profile.user_data is None
        assert len(members) == scale_set.sku.capacity
        if scale_set.orchestration_mode == "Flexible":
            flexible += 1
            assert not cards and all(m.instance_id == m.name for m in members)
        else:
            uniform += 1
            assert len(cards) == len(members) and all(m.latest_model_applied for m in members)
            named = [c.ip_configurations[0].public_ip_address for c in cards]
            assert [a.id for a in addresses] == [reference.id for reference in named if reference]
    assert flexible == 2 and uniform == 4


def test_sdk_reads_what_stands_above_machines(sdk, raw):
    network = sdk.network()
    tags = network.service_tags.list("eastus")
    names = {tag.name for tag in tags.values_property}
    assert {"AzureCloud", "Storage", "Storage.EastUS"} <= names
    vnets = list(network.virtual_networks.list_all())
    group, name = vnets[0].id.split("/")[4], vnets[0].name
    asked = {"skipToken": ""}
    rules = []
    while True:
        answer = network.list_network_manager_effective_security_admin_rules(
            group, name, asked, top=4
        )
        rules += answer.value
        if not answer.skip_token:
            break
        asked = {"skipToken": answer.skip_token}
    assert len({rule.id for rule in rules}) == 6 and rules[0].kind == "Custom"
    console = raw.get(f"{ROOT}/providers/Microsoft.SerialConsole/consoleServices/default")
    assert console == {"properties": {"disabled": False}}
    assert [s.subscription_id for s in sdk.subscriptions().subscriptions.list()] == [FIRST, SECOND]
    places = sdk.subscriptions().subscriptions.list_locations(FIRST)
    assert [place.name for place in places] == list(PLACES)


def test_activity_log_by_time_and_provider(sdk, raw, cloud):
    log = sdk.monitor().activity_logs
    everything = list(log.list(filter="eventTimestamp ge '2026-01-01T00:00:00Z'"))
    assert len(everything) == 2 * 40 * len(PLACES)
    times = [event.event_timestamp for event in everything]
    assert times == sorted(times, reverse=True)
    pairs = {}
    for event in everything:
        pairs.setdefault(event.correlation_id, []).append(event.status.value)
    assert set(map(tuple, pairs.values())) == {("Succeeded", "Started")}
    late = "eventTimestamp ge '2026-03-25T00:00:00Z' and eventTimestamp le '2026-03-26T12:00:00Z'"
    part = list(log.list(filter=f"{late} and resourceProvider eq 'microsoft.compute'"))
    assert 0 < len(part) < len(everything)
    assert list(log.list(filter=f"{late} and resourceProvider eq 'Microsoft.Network'")) == []
    events = f"{ROOT}/providers/Microsoft.Insights/eventtypes/management/values"
    assert raw.error(events) == (400, "BadRequest")
    assert raw.error(f"{events}?$filter=caller%20eq%20%27x%27") == (400, "BadRequest")


@pytest.mark.parametrize("kind", LISTS)
def test_each_list_and_each_of_its_resources(raw, cloud, kind):
    path = f"{ROOT}/providers/{kind}"
    pages = raw.pages(path)
    found = [item for page in pages for item in page]
    assert [i["id"].lower() for i in found] == cloud.estate.subscriptions[FIRST].lists[
        kind.lower()
    ].ids()
    assert all(len(page) <= (40 if kind.endswith("virtualMachines") else 10) for page in pages)
    assert raw.all(path.upper().replace("/SUBSCRIPTIONS", "/Subscriptions")) == found
    for item in (found[0], found[-1]):
        assert raw.get(item["id"].swapcase().replace(FIRST.swapcase(), FIRST)) == item
    group = found[0]["id"].split("/")[4]
    inside = raw.all(f"{ROOT}/resourceGroups/{group.upper()}/providers/{kind}")
    assert inside == [i for i in found if i["id"].split("/")[4].lower() == group.lower()]
    missing = f"{ROOT}/resourceGroups/none/providers/{kind}/none"
    assert raw.error(missing) == (404, "ResourceNotFound")


def test_policies_of_groups_above_are_listed_too(raw):
    assigned = raw.all(f"{ROOT}/providers/Microsoft.Authorization/policyAssignments")
    (exempt,) = raw.all(f"{ROOT}/providers/Microsoft.Authorization/policyExemptions")
    assert [item["properties"]["scope"] for item in assigned] == [CORPORATE, ROOT]
    assert exempt["properties"]["policyAssignmentId"] == assigned[0]["id"]


def test_roles_of_groups_above_are_listed_too(raw):
    assigned = raw.all(f"{ROOT}/providers/Microsoft.Authorization/roleAssignments")
    defined = raw.all(f"{ROOT}/providers/Microsoft.Authorization/roleDefinitions")
    assert {item["properties"]["scope"] for item in assigned[:2]} == {CORPORATE, ROOT}
    used = {item["properties"]["roleDefinitionId"] for item in assigned}
    assert used <= {item["id"] for item in defined}
    assert raw.get(defined[0]["id"]) == defined[0]


def test_some_pages_are_empty_and_go_on(raw):
    sizes = [len(page) for page in raw.pages(f"{ROOT}/providers/Microsoft.Compute/disks")]
    assert sizes[2] == sizes[6] == 0 and sizes[3] == 10


def test_every_reference_is_to_something_that_exists(raw):
    documents = {kind: raw.all(f"{ROOT}/providers/{kind}") for kind in LISTS}
    documents["groups"] = raw.all(f"{ROOT}/resourceGroups")
    for scale_set in documents["Microsoft.Compute/virtualMachineScaleSets"]:
        for part in ("virtualMachines", "networkInterfaces", "publicIPAddresses"):
            key = f"{scale_set['name']}/{part}"
            documents[key] = raw.all(f"{scale_set['id']}/{part}")
    for vm in documents["Microsoft.Compute/virtualMachines"]:
        documents[vm["id"]] = raw.all(f"{vm['id']}/extensions")
    known, referred = {ROOT}, set()
    for listed in documents.values():
        for document in listed:
            walk(document, known, referred)
    dangling = {id_ for id_ in referred - known if not any(part in id_ for part in NOT_SERVED)}
    assert dangling == set()
    groups = {id_.split("/providers/")[0] for id_ in known if "/providers/" in id_}
    assert groups <= known


def walk(value, known, referred, *, top=True):
    """Collect the ids of resources and their parts, and those that are only referred to."""
    if isinstance(value, dict):
        id_ = str(value.get("id", "")).lower()
        if id_ and (top or ("name" in value and "properties" in value)):
            known.add(id_)
        for key, inner in value.items():
            if re.match("(?i)/subscriptions/", key):
                referred.add(key.lower())
            walk(inner, known, referred, top=False)
    elif isinstance(value, list):
        for inner in value:
            walk(inner, known, referred, top=False)
    elif isinstance(value, str) and value.lower().startswith("/subscriptions/"):
        referred.add(value.lower())


def test_equal_seeds_make_equal_estates(raw):
    again = generate(subscriptions=(FIRST, SECOND), locations=PLACES, machines=120, seed=7)
    other = generate(subscriptions=(FIRST, SECOND), locations=PLACES, machines=120, seed=8)
    with SimAzure(again, page_size=10) as one, SimAzure(other, page_size=10) as two:
        for kind in LISTS:
            path = f"{ROOT}/providers/{kind}"
            assert Raw(one.url).all(path) == raw.all(path)
        path = f"{ROOT}/providers/Microsoft.Compute/virtualMachines"
        assert Raw(two.url).all(path) != raw.all(path)
    assert (
        again.subscriptions[FIRST].events
        == generate(subscriptions=(FIRST,), locations=PLACES, machines=120, seed=7)
        .subscriptions[FIRST]
        .events
    )


def test_security_rules_use_singular_and_plural_fields(sdk):
    groups = list(sdk.network().network_security_groups.list_all())
    ports = {
        (rule.destination_port_range is None, bool(rule.destination_port_ranges))
        for group in groups
        for rule in group.security_rules
    }
    assert ports == {(True, True), (False, False)}
    for group in groups:
        rules = group.default_security_rules
        assert sorted(rule.priority for rule in rules) == [65000, 65000, 65001, 65001, 65500, 65500]
        for direction in ("Inbound", "Outbound"):
            own = [r.priority for r in group.security_rules if r.direction == direction]
            assert len(own) == len(set(own))
    assert any(rule.source_application_security_groups for g in groups for rule in g.security_rules)
