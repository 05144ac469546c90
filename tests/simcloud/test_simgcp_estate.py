"""Estates are consistent, deterministic and cheap, and speak as the API descriptions say."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import urllib.request
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from auditor.simcloud.gcp import generate, scenarios
from auditor.simcloud.gcp.wire import LINK

HERE = "acme-production"
SPECS = (
    Path(os.environ.get("AUDITOR_RECORDINGS", Path(__file__).parents[3] / "shared" / "recordings"))
    / "specs"
)
SCENARIOS = [getattr(scenarios, name) for name in scenarios.__all__ if name[0].islower()]
UNSERVED = (
    "acceleratorTypes",
    "diskTypes",
    "gateways",
    "instanceGroups",
    "licenses",
    "machineTypes",
    "operations",
)
"""Kinds that are only named: nothing lists them here."""
NUMBER = {"int32": range(-(2**31), 2**31), "uint32": range(2**32)}
TEXT = {
    "int64": re.compile(r"-?\d{1,19}"),
    "uint64": re.compile(r"\d{1,20}"),
    "google-datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"),
}


def description(name):
    path = SPECS / f"{name}.discovery.json.gz"
    if not path.exists() and not os.environ.get("CI"):
        pytest.skip("no API descriptions; set AUDITOR_RECORDINGS to the folder of the recordings")
    return json.loads(gzip.decompress(path.read_bytes()))


def complaints(schemas, schema, value, where):
    """Yield what in a value is not as its schema says."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    kind = schema["type"]
    if kind == "object" and isinstance(value, dict):
        for key, member in value.items():
            inner = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if inner is None:
                yield f"{where}: there is no {key}"
            else:
                yield from complaints(schemas, inner, member, f"{where}.{key}")
    elif kind == "array" and isinstance(value, list):
        for member in value:
            yield from complaints(schemas, schema["items"], member, where)
    elif kind != "any" and not is_scalar(schema, value):
        yield f"{where}: {value!r} is no {kind} {schema.get('format', '')}"


def is_scalar(schema, value):
    kind, form = schema["type"], schema.get("format")
    if kind == "integer":
        return type(value) is int and value in NUMBER[form]
    if kind in ("boolean", "number"):
        return type(value) is {"boolean": bool, "number": float}[kind]
    if kind != "string" or not isinstance(value, str):
        return False
    if form == "byte":
        return len(base64.b64decode(value, validate=True)) > 0
    if form in TEXT and not TEXT[form].fullmatch(value):
        return False
    return value in schema.get("enum", [value])


def get(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
        return json.load(answer)


def test_everything_is_as_the_api_is_described(gcp):
    spec = description("compute.v1")
    for scenario in SCENARIOS:
        scenario(gcp.estate, "acme-one")
    base = f"{gcp.url}/compute/v1"
    project = gcp.estate.projects["acme-one"]
    group = project.groups.ids()[0]
    shared = next(path for path in project.snapshots.ids() if path in project.bindings)
    asked = {
        f"{service}.{verb}": f"projects/acme-one/{path}"
        for service, verb, path in [
            ("instances", "aggregatedList", "aggregated/instances"),
            ("disks", "aggregatedList", "aggregated/disks"),
            ("instanceGroupManagers", "aggregatedList", "aggregated/instanceGroupManagers"),
            ("instanceTemplates", "aggregatedList", "aggregated/instanceTemplates"),
            ("subnetworks", "aggregatedList", "aggregated/subnetworks"),
            ("networkFirewallPolicies", "aggregatedList", "aggregated/firewallPolicies"),
            ("instances", "list", "zones/us-central1-a/instances"),
            ("snapshots", "list", "global/snapshots"),
            ("images", "list", "global/images"),
            ("machineImages", "list", "global/machineImages"),
            ("firewalls", "list", "global/firewalls"),
            ("networks", "list", "global/networks"),
            ("routes", "list", "global/routes"),
            ("instanceTemplates", "list", "global/instanceTemplates"),
            ("networkFirewallPolicies", "list", "global/firewallPolicies"),
            ("regionNetworkFirewallPolicies", "list", "regions/us-central1/firewallPolicies"),
            ("zones", "list", "zones"),
            ("regions", "list", "regions"),
            ("projects", "get", ""),
            ("instanceSettings", "get", "zones/us-central1-a/instanceSettings"),
            ("networks", "getEffectiveFirewalls", "global/networks/core-vpc/getEffectiveFirewalls"),
            (
                "regionNetworkFirewallPolicies",
                "getEffectiveFirewalls",
                "regions/us-central1/firewallPolicies/getEffectiveFirewalls?network=core-vpc",
            ),
            ("snapshots", "getIamPolicy", f"{shared}/getIamPolicy"),
        ]
    }
    asked["firewallPolicies.list"] = (
        f"locations/global/firewallPolicies?parentId={gcp.estate.organization}"
    )
    found = []
    for action, path in asked.items():
        service, verb = action.split(".")
        schema = spec["resources"][service]["methods"][verb]["response"]
        answer = get(f"{base}/{path}".rstrip("/"))
        assert len(json.dumps(answer)) > 50, action
        found += complaints(spec["schemas"], schema, answer, action)
    answer = get(f"{base}/projects/acme-one/{group}/listManagedInstances", {})
    schema = {"$ref": "RegionInstanceGroupManagersListInstancesResponse"}
    found += complaints(spec["schemas"], schema, answer, "listManagedInstances")
    assert found == []


def test_log_entries_are_as_the_api_is_described(gcp):
    spec = description("logging.v2")
    for scenario in SCENARIOS:
        scenario(gcp.estate, "acme-one")
    body = {"resourceNames": ["projects/acme-one"], "pageSize": 1000}
    answer = get(f"{gcp.url}/v2/entries:list", body)
    assert len(answer["entries"]) > 100
    assert not list(
        complaints(spec["schemas"], {"$ref": "ListLogEntriesResponse"}, answer, "entries")
    )


def links(value, key=""):
    """Yield every link in a resource, with the name of its member."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from links(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from links(member, key)
    elif isinstance(value, str) and value.startswith(LINK):
        yield key, value


def assert_consistent(estate, gone=()):
    """Check that all that a resource refers to exists, and refers back where it should."""
    for project in estate.projects.values():
        known = {
            f"{kind}s/{n}" for kind in ("zone", "region") for n in vars(project)[f"all_{kind}s"]
        }
        for collection in project.collections.values():
            known.update(collection.ids())
        known.update(gone)
        for name, collection in project.collections.items():
            for path in collection.ids():
                shown = json.loads(collection.fragment(path))
                assert project.path(shown["selfLink"]) == path
                for member, link in links(shown):
                    if link.split("/")[-2] in UNSERVED or member == "selfLinkWithId":
                        continue
                    owner, _, rest = link.removeprefix(f"{LINK}/projects/").partition("/")
                    elsewhere = estate.find(owner)
                    assert elsewhere is not None, link
                    assert rest in known or rest in elsewhere.images, (name, path, member, link)
        assert_attached(project)
        assert_snapshots(project, gone)
        for group, members in project.members.items():
            assert project.groups.get(group)["targetSize"] == len(members)
            assert all(member in project.instances for member in members)


def assert_attached(project):
    addresses = set()
    for path in project.instances.ids():
        instance = project.instances.get(path)
        for number, disk in enumerate(instance["disks"]):
            assert disk["index"] == number
            assert instance["selfLink"] in project.disks.get(project.path(disk["source"]))["users"]
        [card] = instance["networkInterfaces"]
        subnet = project.subnetworks.get(project.path(card["subnetwork"]))
        assert subnet["network"] == card["network"]
        assert ip_address(card["networkIP"]) in ip_network(subnet["ipCidrRange"])
        addresses.add((card["network"], card["networkIP"]))
    assert len(addresses) == len(project.instances)
    for path in project.disks.ids():
        disk = project.disks.get(path)
        for user in disk.get("users", ()):
            instance = project.instances.get(project.path(user))
            assert disk["selfLink"] in {attached["source"] for attached in instance["disks"]}
        if snapshot := disk.get("sourceSnapshot"):
            taken = project.snapshots.get(project.path(snapshot))
            assert taken["id"] == disk["sourceSnapshotId"]


def assert_snapshots(project, gone):
    for path in project.snapshots.ids():
        snapshot = project.snapshots.get(path)
        if project.path(snapshot["sourceDisk"]) in gone:
            continue
        source = project.disks.get(project.path(snapshot["sourceDisk"]))
        assert source["id"] == snapshot["sourceDiskId"]


@pytest.mark.parametrize("count", [0, 1, 10, 600])
def test_estates_are_consistent(count):
    assert_consistent(generate(projects=2, instances=count))


def test_estates_stay_consistent():
    estate, gone = generate(instances=60), set()
    for scenario in SCENARIOS:
        touched = scenario(estate, HERE)
        if scenario in (scenarios.recreate_instance, scenarios.scale_in):
            # NOTE: snapshots stay when the disk that they were taken of goes
            gone.update(touched["disks"])
    assert_consistent(estate, gone)


def test_the_check_of_descriptions_finds_what_is_wrong():
    schemas = {
        "A": {"type": "object", "properties": {"id": {"type": "string", "format": "uint64"}}}
    }
    for wrong in ({"id": 1}, {"id": "x"}, {"name": "x"}, []):
        assert list(complaints(schemas, {"$ref": "A"}, wrong, "A")), wrong
    assert not list(complaints(schemas, {"$ref": "A"}, {"id": "18446744073709551615"}, "A"))


def fingerprint(estate):
    project = estate.projects[HERE]
    return (
        [
            (path, collection.fragment(path))
            for collection in project.collections.values()
            for path in collection.ids()
        ],
        project.entries,
        project.bindings,
    )


def test_equal_seeds_give_equal_estates():
    first, second = (generate(instances=60, seed=3) for _ in range(2))
    other = generate(instances=60, seed=4)
    assert fingerprint(first) == fingerprint(second) != fingerprint(other)
    for estate in (first, second):
        for scenario in SCENARIOS:
            scenario(estate, HERE)
    assert fingerprint(first) == fingerprint(second)


def test_a_large_estate_is_cheap_and_its_ids_are_distinct():
    project = generate(instances=60_000, zones=["us-central1-a", "us-east1-b"]).projects[HERE]
    assert len(project.instances) == 60_000
    sample = project.instances.ids()[::997]
    ids = {project.instances.get(path)["id"] for path in sample}
    assert len(ids) == len(sample)
    assert sum(map(len, project.members.values())) > 10_000


def test_too_many_regions_are_refused():
    regions = [f"region{number}-a" for number in range(9)]
    with pytest.raises(ValueError, match="1 to 8 regions"):
        generate(zones=regions)
