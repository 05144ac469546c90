"""Audit log entries, as the SDK over JSON and plain requests read them."""

from __future__ import annotations

import pytest
import requests

from auditor.simcloud.gcp import scenarios
from auditor.simcloud.gcp.filters import matcher
from auditor.simcloud.gcp.wire import ApiError

HERE = "acme-one"
ACTIVITY = f'logName="projects/{HERE}/logs/cloudaudit.googleapis.com%2Factivity"'


def entries(gcp, condition, **more):
    """Return the entries of all pages."""
    body = {"resourceNames": [f"projects/{HERE}"], "filter": condition, "pageSize": 3, **more}
    found, token = [], None
    while True:
        asked = body | ({"pageToken": token} if token else {})
        answer = requests.post(f"{gcp.url}/v2/entries:list", json=asked, timeout=5).json()
        found += answer.get("entries", [])
        if not (token := answer.get("nextPageToken")):
            return found


def test_the_sdk_reads_all_pages(gcp):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import logging

    client = logging.Client(
        project=HERE,
        credentials=AnonymousCredentials(),
        _use_grpc=False,
        client_options={"api_endpoint": gcp.url},
    )
    condition = f'{ACTIVITY} AND timestamp>="2025-01-01T00:00:00Z"'
    found = list(client.list_entries(filter_=condition, page_size=3))
    client.close()
    assert len(found) == len(gcp.estate.projects[HERE].entries) == 20
    assert [entry.timestamp for entry in found] == sorted(entry.timestamp for entry in found)
    assert found[0].payload["methodName"] == "v1.compute.snapshots.insert"


def test_filters_and_order(gcp):
    scenarios.snapshot_chain(gcp.estate, HERE)
    since = f'{ACTIVITY} AND timestamp >= "2026-04-01T00:00:00Z"'
    found = entries(gcp, since, orderBy="timestamp desc")
    assert [entry["timestamp"] for entry in found] == sorted(
        (entry["timestamp"] for entry in found), reverse=True
    )
    assert len(found) == 10
    method = 'protoPayload.methodName=("beta.compute.disks.insert" OR "v1.compute.disks.insert")'
    made = entries(gcp, f"{since} {method}")
    assert [entry["operation"].get("first", False) for entry in made] == [True, False]
    assert len({entry["operation"]["id"] for entry in made}) == 1
    other = entries(gcp, ACTIVITY.replace(HERE, "acme-two"))
    assert other == []


def test_refusals(gcp):
    url = f"{gcp.url}/v2/entries:list"
    assert requests.post(url, json={}, timeout=5).status_code == 400
    body = {"resourceNames": ["projects/nobody"]}
    assert requests.post(url, json=body, timeout=5).status_code == 404
    body = {"resourceNames": [f"projects/{HERE}"], "orderBy": "severity"}
    assert requests.post(url, json=body, timeout=5).status_code == 400
    assert requests.post(url, data=b"{", timeout=5).status_code == 400


ENTRY = {
    "timestamp": "2026-04-01T02:17:50.250000Z",
    "severity": "NOTICE",
    "operation": {"first": True},
    "protoPayload": {"methodName": "v1.compute.instances.insert", "count": None},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("severity=NOTICE", True),
        ('severity="ERROR" OR severity=NOTICE', True),
        ("NOT severity=NOTICE", False),
        ('protoPayload.methodName:"instances"', True),
        ('protoPayload.methodName=~"compute\\\\.(disks|instances)"', True),
        ("protoPayload.methodName!=other severity=NOTICE", True),
        ('(severity=ERROR AND operation.first=true) OR timestamp<"2026-05-01T00:00:00Z"', True),
        ('timestamp>"2026-04-01T04:17:50.250+02:00"', False),
        ('timestamp>="2026-04-01T04:17:50.250+02:00"', True),
        ('timestamp<="2026-04-01T02:17:50Z"', False),
        ("protoPayload.nothing:*", False),
        ("operation.first=true", True),
    ],
)
def test_filter(text, matches):
    assert matcher(text)(ENTRY) is matches


@pytest.mark.parametrize(
    "text", ["severity", "severity=", "(severity=A", 'timestamp>"soon"', "a=b)"]
)
def test_filters_that_make_no_sense(text):
    with pytest.raises(ApiError, match="Unparseable"):
        matcher(text)(ENTRY)
