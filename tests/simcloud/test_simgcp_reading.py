"""The unchanged SDK reads everything there is, whatever the page size, and nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

HERE = "acme-one"


def ask(url, body=None):
    """Return status and JSON of a plain request."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def items(pager, member):
    """Return the items of an aggregated list, and the scopes that had none on a page."""
    found, empty = [], set()
    for scope, part in pager:
        found += getattr(part, member)
        if part.warning.code:
            assert part.warning.code == "NO_RESULTS_ON_PAGE"
            empty.add(scope)
    return found, empty


AGGREGATED = [
    ("Instances", "instances", "instances"),
    ("Disks", "disks", "disks"),
    ("InstanceGroupManagers", "instance_group_managers", "groups"),
    ("InstanceTemplates", "instance_templates", "templates"),
    ("Subnetworks", "subnetworks", "subnetworks"),
    ("NetworkFirewallPolicies", "firewall_policies", "policies"),
]


@pytest.mark.parametrize(("kind", "member", "collection"), AGGREGATED)
@pytest.mark.parametrize("size", [None, 7])
def test_aggregated_lists_are_complete(gcp, compute, kind, member, collection, size):
    asked = {"project": HERE} | ({"max_results": size} if size else {})
    found, empty = items(compute(kind).aggregated_list(asked), member)
    expected = getattr(gcp.estate.projects[HERE], collection)
    links = [item.self_link for item in found]
    assert len(links) == len(set(links)) == len(expected)
    assert {gcp.estate.projects[HERE].path(link) for link in links} == set(expected.ids())
    assert empty or kind == "Subnetworks"  # every region has one of the default network


def test_some_pages_are_empty_though_more_follow(gcp):
    url = f"{gcp.url}/compute/v1/projects/{HERE}/aggregated/instances?maxResults=10"
    sizes, token = [], ""
    while True:
        _, answer = ask(f"{url}&pageToken={token}")
        sizes.append(sum(len(part.get("instances", ())) for part in answer["items"].values()))
        if not (token := answer.get("nextPageToken")):
            break
    assert sum(sizes) == 120
    assert 0 in sizes[:-1]
    assert "zones/asia-east1-c" in answer["items"]


LISTS = [
    ("Snapshots", "snapshots"),
    ("Images", "images"),
    ("MachineImages", "machine_images"),
    ("Firewalls", "firewalls"),
    ("Networks", "networks"),
    ("Routes", "routes"),
]


@pytest.mark.parametrize(("kind", "collection"), LISTS)
def test_global_lists(gcp, compute, kind, collection):
    names = [item.name for item in compute(kind).list({"project": HERE, "max_results": 5})]
    expected = getattr(gcp.estate.projects[HERE], collection).ids()
    assert names == [path.rpartition("/")[2] for path in expected]


def test_lists_in_a_scope(gcp, compute):
    project = gcp.estate.projects[HERE]
    zone = compute("Instances").list({"project": HERE, "zone": "us-central1-a"})
    assert len(list(zone)) == len(project.instances.scope("zones/us-central1-a")) > 20
    region = {"project": HERE, "region": "europe-west1"}
    assert len(list(compute("Subnetworks").list(region))) == 2
    assert [p.name for p in compute("RegionNetworkFirewallPolicies").list(region)] == [
        "edge-europe-west1"
    ]
    policies = compute("NetworkFirewallPolicies").list(project=HERE)
    assert [p.associations[0].attachment_target.rpartition("/")[2] for p in policies] == [
        "core-vpc"
    ]
    assert len(list(compute("Zones").list(project=HERE))) == len(project.all_zones)
    assert {r.name for r in compute("Regions").list(project=HERE)} == set(project.all_regions)
    assert list(compute("Instances").list({"project": HERE, "zone": "asia-east1-a"})) == []


def test_single_resources(gcp, compute):
    project = gcp.estate.projects[HERE]
    path = project.instances.ids()[0]
    zone, name = path.split("/")[1::2]
    instance = compute("Instances").get(project=HERE, zone=zone, instance=name)
    assert str(instance.id) == project.instances.get(path)["id"]
    assert instance.resource_status.effective_instance_metadata.enable_oslogin_metadata_value
    assert instance.resource_status.effective_instance_metadata.vm_dns_setting_metadata_value
    common = compute("Projects").get(project=HERE).common_instance_metadata
    assert {item.key for item in common.items} >= {"enable-oslogin"}
    settings = compute("InstanceSettingsService").get(project=HERE, zone=zone)
    assert settings.metadata.items == {"VmDnsSetting": "ZonalOnly"}
    snapshot = project.snapshots.ids()[0].rpartition("/")[2]
    assert compute("Snapshots").get(project=HERE, snapshot=snapshot).source_disk
    stock = compute("Images").get(project="debian-cloud", image="debian-12-bookworm")
    assert stock.family == "debian-12"


def test_policies_of_resources(gcp, compute):
    policy = compute("Images").get_iam_policy(project=HERE, resource="golden-base-v3")
    assert policy.bindings[0].role == "roles/compute.imageUser"
    project = gcp.estate.projects[HERE]
    bound, bare = project.snapshots.ids()[:2]
    read = compute("Snapshots").get_iam_policy
    assert read(project=HERE, resource=bound.rpartition("/")[2]).bindings
    assert read(project=HERE, resource=bare.rpartition("/")[2]).etag == "ACAB"


def test_managed_instances_with_and_without_pages(gcp, compute):
    project = gcp.estate.projects[HERE]
    assert {path.partition("/")[0] for path in project.members} == {"zones", "regions"}
    for path, members in project.members.items():
        place, name = path.split("/")[1::2]
        regional = path.startswith("regions/")
        client = compute("RegionInstanceGroupManagers" if regional else "InstanceGroupManagers")
        found = client.list_managed_instances(
            {
                "project": HERE,
                ("region" if regional else "zone"): place,
                "instance_group_manager": name,
                "max_results": 5,
            }
        )
        assert [project.path(member.instance) for member in found] == members
        if regional:
            _, answer = ask(
                f"{gcp.url}/compute/v1/projects/{HERE}/{path}/listManagedInstances?maxResults=5", {}
            )
            assert len(answer["managedInstances"]) == 5 and answer["nextPageToken"]


def test_firewalls_in_effect(gcp, compute):
    answer = compute("Networks").get_effective_firewalls(project=HERE, network="core-vpc")
    assert [policy.type_ for policy in answer.firewall_policys] == [
        "HIERARCHY",
        "HIERARCHY",
        "NETWORK",
    ]
    assert {rule.name.partition("-")[0] for rule in answer.firewalls} == {"core"}
    network = gcp.estate.projects[HERE].link("global/networks/core-vpc")
    regional = compute("RegionNetworkFirewallPolicies").get_effective_firewalls(
        {"project": HERE, "region": "us-central1", "network": network}
    )
    assert regional.firewall_policys[-1].type_ == "NETWORK_REGIONAL"
    plain = compute("Networks").get_effective_firewalls(project=HERE, network="default")
    assert [policy.type_ for policy in plain.firewall_policys] == ["HIERARCHY", "HIERARCHY"]
    other = compute("Networks").get_effective_firewalls(project="acme-two", network="default")
    assert len(other.firewall_policys) == 1
    above = compute("FirewallPolicies").list({"parent_id": gcp.estate.organization})
    assert [policy.short_name for policy in above] == ["org-guardrails"]


def test_unreachable_scopes_are_told(gcp):
    gcp.estate.projects[HERE].unreachable.add("zones/us-central1-a")
    _, answer = ask(f"{gcp.url}/compute/v1/projects/{HERE}/aggregated/instances")
    assert answer["items"]["zones/us-central1-a"]["warning"]["code"] == "UNREACHABLE"
    assert answer["unreachables"] == [f"projects/{HERE}/zones/us-central1-a"]
    status, answer = ask(f"{gcp.url}/compute/v1/projects/{HERE}/zones/us-central1-a/instances")
    assert (status, answer["error"]["errors"][0]["reason"]) == (503, "backendError")


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("projects/nobody/aggregated/instances", 404, "notFound"),
        (f"projects/{HERE}/global/snapshots/none", 404, "notFound"),
        (f"projects/{HERE}/zones/moon1-a/instances", 400, "invalid"),
        (f"projects/{HERE}/aggregated/instances?maxResults=501", 400, "invalid"),
        (f"projects/{HERE}/aggregated/instances?pageToken=made-up", 400, "invalid"),
        (f"projects/{HERE}/aggregated/instances?filter=name%3Dx", 400, "invalid"),
        (f"projects/{HERE}/global/firewalls/none/getIamPolicy", 404, "notFound"),
        (f"projects/{HERE}/aggregated/unicorns", 404, "notFound"),
        ("locations/global/firewallPolicies?parentId=folders/1", 400, "invalid"),
    ],
)
def test_refusals(gcp, path, status, reason):
    got, answer = ask(f"{gcp.url}/compute/v1/{path}")
    assert (got, answer["error"]["code"], answer["error"]["errors"][0]["reason"]) == (
        status,
        status,
        reason,
    )


def test_a_token_belongs_to_its_list(gcp):
    base = f"{gcp.url}/compute/v1/projects"
    _, answer = ask(f"{base}/{HERE}/aggregated/instances?maxResults=10")
    status, _ = ask(f"{base}/acme-two/aggregated/instances?pageToken={answer['nextPageToken']}")
    assert status == 400


def test_projects_and_folders(gcp):
    _, answer = ask(f"{gcp.url}/v3/projects:search?pageSize=1")
    assert [found["projectId"] for found in answer["projects"]] == [HERE]
    _, answer = ask(f"{gcp.url}/v3/projects:search?pageToken={answer['nextPageToken']}&pageSize=1")
    assert [found["projectId"] for found in answer["projects"]] == ["acme-two"]
    folder = answer["projects"][0]["parent"]
    _, answer = ask(f"{gcp.url}/v3/projects:search?query=parent:{folder}")
    assert [found["projectId"] for found in answer["projects"]] == ["acme-two"]
    _, answer = ask(f"{gcp.url}/v3/folders?parent={gcp.estate.organization}")
    assert folder in [found["name"] for found in answer["folders"]]
    _, answer = ask(f"{gcp.url}/v3/projects/{HERE}")
    assert answer["name"] == f"projects/{gcp.estate.projects[HERE].number}"
    status, answer = ask(f"{gcp.url}/v3/projects/nobody")
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_the_policy_of_a_project_and_its_roles(gcp):
    url = f"{gcp.url}/v3/projects/{HERE}:getIamPolicy"
    _, plain = ask(url, {})
    _, whole = ask(url, {"options": {"requestedPolicyVersion": 3}})
    assert not [b for b in plain["bindings"] if "condition" in b]
    assert (whole["version"], len(whole["bindings"])) == (3, len(plain["bindings"]))
    for binding in whole["bindings"]:
        status, role = ask(f"{gcp.url}/v1/{binding['role']}")
        assert (status, role["name"]) == (200, binding["role"])
        assert role["includedPermissions"]
    assert ask(f"{gcp.url}/v1/roles/nothing")[0] == 404
    assert ask(f"{gcp.url}/v1/projects/nobody/roles/snapshotter")[0] == 403


def test_calls_are_counted(gcp):
    ask(f"{gcp.url}/compute/v1/projects/{HERE}/zones/us-central1-a/instances")
    ask(f"{gcp.url}/v2/entries:list", {"resourceNames": [f"projects/{HERE}"]})
    ask(f"{gcp.url}/v3/projects:search")
    assert dict(gcp.calls) == {
        (HERE, "us-central1-a", "instances.list"): 1,
        (HERE, "global", "logging.entries.list"): 1,
        (gcp.estate.organization, "global", "cloudresourcemanager.projects.search"): 1,
    }
