"""Each fault looks to the SDK like the failure it stands for."""

from __future__ import annotations

import time

import pytest
import requests

from auditor.simcloud import Fault
from auditor.simcloud.gcp import SimGcp

HERE = "acme-one"


@pytest.fixture
def read(compute):
    """Read all instances without the SDK's own retries."""

    def read(project=HERE, size=50, **more):
        asked = {"project": project, "max_results": size}
        pager = compute("Instances").aggregated_list(asked, retry=None, **more)
        return sum(len(part.instances) for _, part in pager)

    return read


@pytest.mark.parametrize(
    ("fault", "name", "reason"),
    [
        (Fault("deny"), "Forbidden", "forbidden"),
        (Fault("throttle"), "TooManyRequests", "rateLimitExceeded"),
        (Fault("throttle", status=403), "Forbidden", "rateLimitExceeded"),
        (Fault("unavailable"), "ServiceUnavailable", "backendError"),
        (Fault("deny", code="quotaExceeded"), "Forbidden", "quotaExceeded"),
    ],
)
def test_refusals(gcp, read, fault, name, reason):
    gcp.inject(fault)
    with pytest.raises(Exception, match="simulated") as raised:
        read()
    assert type(raised.value).__name__ == name
    assert raised.value.errors[0]["reason"] == reason
    gcp.inject()
    assert read() == 120


def test_expired(gcp, read):
    gcp.inject(Fault("expired"))
    url = f"{gcp.url}/compute/v1/projects/{HERE}"
    answer = requests.get(url, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    # NOTE: the SDK asks for another token and tries again, which anonymous credentials cannot do
    with pytest.raises(Exception, match="cannot be refreshed"):
        read()


def test_a_switched_off_api_is_told_from_a_denial(gcp, read):
    gcp.estate.projects[HERE].disabled.add("compute")
    with pytest.raises(Exception, match="has not been used") as raised:
        read()
    assert raised.value.code == 403
    assert raised.value.errors[0]["reason"] == "accessNotConfigured"
    assert raised.value.details[0]["reason"] == "SERVICE_DISABLED"
    assert read("acme-two") == 120


def test_an_unknown_project(read):
    with pytest.raises(Exception, match="was not found") as raised:
        read("nobody")
    assert (raised.value.code, raised.value.errors[0]["reason"]) == (404, "notFound")


def test_faults_can_be_narrow(gcp, compute, read):
    gcp.inject(
        Fault("deny", account="acme-two", action="instances.aggregatedList"),
        Fault("deny", region="us-central1-a", action="instances.list"),
    )
    assert read() == 120
    with pytest.raises(Exception, match="simulated"):
        read("acme-two")
    zones = compute("Instances")
    assert list(zones.list({"project": HERE, "zone": "us-central1-b"}))
    with pytest.raises(Exception, match="simulated"):
        zones.list({"project": HERE, "zone": "us-central1-a"}, retry=None)


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("close", "ConnectionError"),
        ("cut", "ChunkedEncodingError"),
        ("malformed", "ParseError"),
        ("html", "ParseError"),
    ],
)
def test_broken_answers(gcp, read, kind, name, skip):
    gcp.inject(Fault(kind, skip=skip, times=1))
    with pytest.raises(Exception) as raised:
        read()
    assert type(raised.value).__name__ == name
    assert read() == 120


def test_stall_and_delay(gcp, read):
    gcp.inject(Fault("stall", seconds=5))
    begun = time.monotonic()
    with pytest.raises(Exception, match="timed out"):
        read(timeout=0.2)
    assert time.monotonic() - begun < 3
    gcp.inject(Fault("delay", seconds=0.2, times=1))
    begun = time.monotonic()
    assert read() == 120
    assert time.monotonic() - begun >= 0.2


def test_a_repeated_token(gcp):
    gcp.inject(Fault("repeat_token", action="instances.aggregatedList"))
    url = f"{gcp.url}/compute/v1/projects/{HERE}/aggregated/instances?maxResults=10&pageToken="
    token = requests.get(url, timeout=5).json()["nextPageToken"]
    assert requests.get(url + token, timeout=5).json()["nextPageToken"] == token


def test_small_pages_and_a_dropped_token(gcp, read):
    gcp.inject(Fault("drop_token", action="instances.aggregatedList"))
    assert read(size=50) == 50
    with SimGcp(gcp.estate, page_size=40) as small:
        url = f"{small.url}/compute/v1/projects/{HERE}/aggregated/instances"
        answer = requests.get(url, timeout=5).json()
        places = answer["items"].values()
        assert sum(len(place.get("instances", ())) for place in places) == 40
        assert answer["nextPageToken"]


def test_other_services_refuse_in_their_own_form(gcp):
    gcp.inject(Fault("throttle"))
    body = {"resourceNames": [f"projects/{HERE}"]}
    answer = requests.post(f"{gcp.url}/v2/entries:list", json=body, timeout=5)
    assert answer.status_code == 429
    error = answer.json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert "errors" not in error
    gcp.inject(Fault("deny", account=gcp.estate.organization))
    answer = requests.get(f"{gcp.url}/v3/projects:search", timeout=5)
    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"
