"""Refusals and faults of a simulated Azure, on the wire and as the SDK sees them."""

from __future__ import annotations

import json
import urllib.request

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceResponseError,
)

from auditor.simcloud import Fault
from auditor.simcloud.azure import SimAzure, generate
from auditor.simcloud.azure.estate import DELETED, DISABLED
from tests.simcloud.azure_sdk import FIRST, SECOND, Raw, Sdk

ROOT = f"/subscriptions/{FIRST}"
DISKS = "Microsoft.Compute/disks"
VMS = "Microsoft.Compute/virtualMachines"


@pytest.fixture
def cloud():
    estate = generate(subscriptions=(FIRST, SECOND), machines=40, seed=7)
    with SimAzure(estate, page_size=10) as running:
        yield running


@pytest.fixture
def sdk(cloud):
    made = Sdk(cloud.url)
    yield made
    for client in made.opened:
        client.close()


@pytest.fixture
def raw(cloud):
    return Raw(cloud.url)


def test_words_of_refusals(raw, cloud):
    unknown = "/subscriptions/99999999-9999-9999-9999-999999999999"
    assert raw.error(f"{unknown}/providers/{DISKS}") == (404, "SubscriptionNotFound")
    assert raw.error(unknown) == (404, "SubscriptionNotFound")
    assert raw.error(f"{ROOT}/providers/Microsoft.Compute/nothing") == (404, "InvalidResourceType")
    assert raw.error(f"{ROOT}/providers/{DISKS}", "POST") == (404, "InvalidResourceType")
    assert raw.error("/tenants") == (404, "ResourceNotFound")
    bare = f"{cloud.url}{ROOT}/providers/{DISKS}"
    assert raw.error(bare) == (400, "MissingApiVersionParameter")
    token = f"{ROOT}/providers/{DISKS}?$skiptoken="
    assert raw.error(f"{token}bm9uZQ%3D%3D") == (400, "InvalidSkipToken")
    foreign = raw.get(f"{ROOT}/providers/Microsoft.Network/networkInterfaces")["nextLink"]
    foreign = foreign.partition("skiptoken=")[2].partition("&")[0]
    assert raw.error(f"{token}{foreign}") == (400, "InvalidSkipToken")
    status, _, headers = raw.send(ROOT)
    assert status == 200 and headers["x-ms-request-id"]


def test_disabled_subscription_is_read_only_and_a_deleted_one_is_gone(sdk, raw, cloud):
    first, second = cloud.estate.subscriptions.values()
    first.state, second.state = DISABLED, DELETED
    assert raw.get(ROOT)["state"] == "Disabled"
    assert len(list(sdk.compute().disks.list())) == len(first.lists["microsoft.compute/disks"])
    vnet = next(iter(sdk.network().virtual_networks.list_all()))
    asked = f"{vnet.id}/listNetworkManagerEffectiveSecurityAdminRules"
    assert raw.error(asked, "POST", {}) == (409, "ReadOnlyDisabledSubscription")
    assert raw.error(f"/subscriptions/{SECOND}") == (404, "SubscriptionNotFound")
    assert [s["subscriptionId"] for s in raw.all("/subscriptions")] == [FIRST]


def test_unregistered_provider(sdk, raw, cloud):
    cloud.estate.subscriptions[FIRST].unregistered.add("microsoft.network")
    with pytest.raises(ResourceExistsError) as caught:
        list(sdk.network().network_interfaces.list_all())
    assert caught.value.error.code == "MissingSubscriptionRegistration"
    assert caught.value.error.details[0].target == "Microsoft.Network"
    # the SDK tries to register the provider by itself, which a reader may not do
    assert cloud.calls[FIRST, "global", "Microsoft.Network/register"] == 1
    state = raw.get(f"{ROOT}/providers/Microsoft.Network")["registrationState"]
    assert state == "NotRegistered"
    assert list(sdk.compute().virtual_machines.list_all())


@pytest.mark.parametrize(
    ("kind", "error", "status", "code"),
    [
        ("deny", HttpResponseError, 403, "AuthorizationFailed"),
        ("throttle", HttpResponseError, 429, "OperationNotAllowed"),
        ("unavailable", HttpResponseError, 503, "ServiceUnavailable"),
        ("expired", ClientAuthenticationError, 401, "ExpiredAuthenticationToken"),
    ],
)
def test_refusing_faults(sdk, cloud, kind, error, status, code):
    cloud.inject(Fault(kind, account=FIRST, action=VMS))
    with pytest.raises(error) as caught:
        list(sdk.compute().virtual_machines.list_all())
    assert (caught.value.status_code, caught.value.error.code) == (status, code)
    assert len(list(sdk.compute(SECOND).virtual_machines.list_all())) == 40
    assert list(sdk.compute().disks.list())


def test_throttle_says_how_long_to_wait(sdk, raw, cloud):
    cloud.inject(Fault("throttle", times=1, seconds=3))
    status, body, headers = raw.send(f"{ROOT}/providers/Microsoft.Network/routeTables")
    assert (status, body["error"]["code"]) == (429, "TooManyRequests")
    assert headers["Retry-After"] == "3"
    cloud.inject(Fault("throttle", action=DISKS, times=1, seconds=1))
    assert list(sdk.compute(retry_total=2).disks.list())
    assert cloud.calls[FIRST, "global", DISKS] > 2


def test_a_fault_on_a_later_page(sdk, cloud):
    cloud.inject(Fault("deny", action=DISKS, skip=1, times=1))
    found = []
    with pytest.raises(HttpResponseError):
        found.extend(disk.id for disk in sdk.compute().disks.list())
    cloud.inject(Fault("deny", code="LinkedAuthorizationFailed", status=400))
    with pytest.raises(HttpResponseError) as caught:
        list(sdk.compute().disks.list())
    assert (caught.value.status_code, caught.value.error.code) == (400, "LinkedAuthorizationFailed")


def test_a_fault_in_one_location_and_on_one_machine(sdk, cloud):
    cloud.inject(Fault("deny", region="westeurope"), Fault("deny", action=f"{VMS}/extensions"))
    network, compute = sdk.network(), sdk.compute()
    assert network.service_tags.list("eastus").values_property
    with pytest.raises(HttpResponseError):
        network.service_tags.list("westeurope")
    vm = next(iter(compute.virtual_machines.list_all()))
    group = vm.id.split("/")[4]
    assert compute.virtual_machines.get(group, vm.name)
    with pytest.raises(HttpResponseError, match="virtualMachines/extensions/read"):
        compute.virtual_machine_extensions.list(group, vm.name)
    assert cloud.calls[FIRST, "westeurope", "Microsoft.Network/locations/serviceTags"] == 1
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get(group, "none")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("close"), ServiceResponseError),
        (Fault("cut"), (IncompleteReadError, ServiceResponseError)),
        (Fault("malformed"), DecodeError),
        (Fault("stall", seconds=3), ServiceResponseError),
    ],
)
def test_broken_deliveries(sdk, cloud, fault, error):
    cloud.inject(fault)
    with pytest.raises(error):
        list(sdk.compute(read_timeout=1).disks.list())
    cloud.inject()
    assert list(sdk.compute().disks.list())


def test_html_in_place_of_json(sdk, cloud):
    cloud.inject(Fault("html"))
    # the SDK does not turn this into an error of its own
    with pytest.raises(json.JSONDecodeError):
        list(sdk.compute().disks.list())


def test_repeated_token_never_ends(raw, cloud):
    cloud.inject(Fault("repeat_token", action=DISKS))
    first = raw.get(f"{ROOT}/providers/{DISKS}")["nextLink"]
    second = raw.get(first)["nextLink"]
    assert raw.get(second)["nextLink"] == second == first


def test_dropped_token_ends_early(raw, cloud):
    cloud.inject(Fault("drop_token", action=DISKS))
    assert "nextLink" not in raw.get(f"{ROOT}/providers/{DISKS}")


def test_links_lead_where_the_caller_came_from(raw, cloud):
    address = f"{cloud.url}{ROOT}/providers/{DISKS}?api-version=1"
    request = urllib.request.Request(address, headers={"Host": "proxy.example.com:8443"})
    with urllib.request.urlopen(request) as answer:
        assert b'"nextLink":"http://proxy.example.com:8443/subscriptions/' in answer.read()
