"""Scenarios change what is read, consistently, and leave the entries of the real service."""

from __future__ import annotations

import json

import pytest

from auditor.simcloud.gcp import generate, scenarios
from auditor.simcloud.gcp.instances import effective

HERE = "acme-production"


@pytest.fixture
def estate():
    return generate(instances=120, seed=7)


@pytest.fixture
def project(estate):
    return estate.projects[HERE]


def methods(project, since=20):
    """Return methods and resources of new entries, each operation once."""
    found = []
    for entry in project.entries[since:]:
        if not entry.get("operation", {}).get("last"):
            payload = entry["protoPayload"]
            found.append((payload["methodName"], payload["resourceName"].rpartition("/")[2]))
    return found


def state(project):
    """Return what is listed, by path."""
    return {
        path: json.loads(collection.fragment(path))
        for collection in project.collections.values()
        for path in collection.ids()
    }


def changed(before, after):
    """Return path -> changed members, of what is there before and after."""
    return {
        path: {
            name
            for name in old.keys() | after[path].keys()
            if old.get(name) != after[path].get(name)
        }
        for path, old in before.items()
        if path in after and old != after[path]
    }


def test_snapshot_chain(estate, project):
    before = state(project)
    touched = scenarios.snapshot_chain(estate, HERE)
    victim = project.instances.get(touched["victims"][0])
    [new] = map(project.instances.get, touched["instances"])
    [snapshot] = map(project.snapshots.get, touched["snapshots"])
    assert snapshot["sourceDisk"] == victim["disks"][0]["source"]
    disk, boot = map(project.disks.get, touched["disks"])
    assert disk["sourceSnapshot"] == snapshot["selfLink"]
    assert [attached["source"] for attached in new["disks"]] == [boot["selfLink"], disk["selfLink"]]
    assert disk["users"] == boot["users"] == [new["selfLink"]]
    assert new["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    [rule] = map(project.firewalls.get, touched["firewalls"])
    assert rule["sourceRanges"] == ["0.0.0.0/0"]
    assert set(rule["targetTags"]) == set(new["tags"]["items"])
    assert rule["network"] == new["networkInterfaces"][0]["network"]
    assert changed(before, state(project)) == {}
    assert [name for name, _ in methods(project)] == [
        "beta.compute.disks.createSnapshot",
        "beta.compute.disks.insert",
        "beta.compute.firewalls.insert",
        "beta.compute.instances.insert",
        "beta.compute.instances.attachDisk",
    ]


def test_the_chain_can_be_read_from_its_entries(estate, project):
    scenarios.snapshot_chain(estate, HERE)
    firsts = [e for e in project.entries[20:] if e["operation"].get("first")]
    taken, disk, rule, instance, attach = (entry["protoPayload"]["request"] for entry in firsts)
    assert taken["name"] == "snapshot-1"
    assert disk["sourceSnapshot"].endswith("/snapshots/snapshot-1")
    assert rule["alloweds"] == [{"IPProtocol": "tcp", "ports": ["22"]}]
    assert rule["priority"] == "1000"
    assert instance["networkInterfaces"][0]["accessConfigs"]
    assert instance["tags"]["items"] == rule["targetTags"]
    assert attach["source"].endswith("/disks/disk-1")
    operations = [entry["operation"]["id"] for entry in project.entries[20:]]
    assert operations[::2] == operations[1::2]
    assert len(set(operations)) == 5
    new = project.instances.get("zones/europe-west1-b/instances/instance-1")
    assert firsts[3]["resource"]["labels"]["instance_id"] == new["id"]
    assert "principalEmail" in firsts[0]["protoPayload"]["authenticationInfo"]


ONE_SETTING = [
    (scenarios.add_tag, {"tags"}, "instances.setTags"),
    (scenarios.serial_port_on, {"metadata", "resourceStatus"}, "instances.setMetadata"),
    (scenarios.oslogin_off, {"metadata", "resourceStatus"}, "instances.setMetadata"),
    (scenarios.add_ssh_key, {"metadata"}, "instances.setMetadata"),
    (scenarios.change_startup_script, {"metadata"}, "instances.setMetadata"),
    (scenarios.change_service_account, {"serviceAccounts"}, "instances.setServiceAccount"),
    (
        scenarios.disable_secure_boot,
        {"shieldedInstanceConfig"},
        "instances.updateShieldedInstanceConfig",
    ),
    (scenarios.open_firewall, {"allowed", "sourceRanges"}, "firewalls.patch"),
]


@pytest.mark.parametrize(("scenario", "members", "method"), ONE_SETTING)
def test_one_setting(estate, project, scenario, members, method):
    before = state(project)
    [paths] = scenario(estate, HERE).values()
    after = state(project)
    assert changed(before, after) == {paths[0]: members}
    assert before.keys() == after.keys()
    assert methods(project) == [(f"v1.compute.{method}", paths[0].rpartition("/")[2])]


def test_a_tag_opens_an_instance(estate, project):
    [path] = scenarios.add_tag(estate, HERE)["instances"]
    instance = project.instances.get(path)
    open_to_all = [
        rule["targetTags"]
        for rule in map(project.firewalls.get, project.firewalls.ids())
        if "0.0.0.0/0" in rule.get("sourceRanges", ()) and "targetTags" in rule
        if "allowed" in rule and not rule["disabled"]
        if rule["network"] == instance["networkInterfaces"][0]["network"]
    ]
    assert any(set(tags) & set(instance["tags"]["items"]) for tags in open_to_all)


def test_what_the_log_tells_of_metadata(estate, project):
    scenarios.add_ssh_key(estate, HERE)
    payload = project.entries[-1]["protoPayload"]
    delta = payload["metadata"]["instanceMetadataDelta"]
    assert delta == {"addedMetadataKeys": ["ssh-keys"]}
    assert "ssh-ed25519" not in json.dumps(project.entries)
    scenarios.project_oslogin_off(estate, HERE)
    payload = project.entries[-1]["protoPayload"]
    assert payload["metadata"]["projectMetadataDelta"] == {
        "modifiedMetadataKeys": ["enable-oslogin"]
    }
    assert payload["resourceName"] == f"projects/{HERE}"


def test_a_project_setting_shows_in_every_instance(estate, project):
    before = state(project)
    scenarios.project_oslogin_off(estate, HERE)
    differing = changed(before, state(project))
    assert set(differing) == set(project.instances.ids())
    assert set.union(*differing.values()) == {"resourceStatus"}
    instance = project.instances.get(project.instances.ids()[0])
    assert effective(project, instance)["enableOsloginMetadataValue"] is False
    zone = instance["zone"].rpartition("/")[2]
    project.set_metadata({"enable-oslogin": "TRUE"}, zone)
    assert effective(project, instance)["enableOsloginMetadataValue"] is True


def test_sharing(estate, project):
    [path] = scenarios.share_snapshot_publicly(estate, HERE)["snapshots"]
    members = [member for b in project.policy(path)["bindings"] for member in b["members"]]
    assert members[-1] == "allUsers"
    entry = project.entries[-1]
    assert entry["protoPayload"]["methodName"] == "v1.compute.snapshots.setIamPolicy"
    assert "operation" not in entry
    bindings = entry["protoPayload"]["request"]["policy"]["bindings"]
    assert bindings == project.policy(path)["bindings"]


def test_mining(estate, project):
    used = {path.split("/")[1].rpartition("-")[0] for path in project.instances.ids()}
    [path] = scenarios.mining_gpu(estate, HERE)["instances"]
    assert path.split("/")[1].rpartition("-")[0] not in used
    assert project.instances.get(path)["guestAccelerators"][0]["acceleratorCount"] == 4
    [again] = scenarios.mining_gpu(estate, HERE, zone="us-central1-a")["instances"]
    assert again == "zones/us-central1-a/instances/render-1"


def test_recreated_under_the_same_name(estate, project):
    before = state(project)
    touched = scenarios.recreate_instance(estate, HERE)
    after = state(project)
    assert before.keys() == after.keys()
    for path in touched["instances"] + touched["disks"]:
        assert before[path]["id"] != after[path]["id"]
    [path] = touched["instances"]
    assert after[path]["tags"] == before[path]["tags"]
    assert [name for name, _ in methods(project)] == [
        "v1.compute.instances.delete",
        "v1.compute.instances.insert",
    ]


def test_scaling(estate, project):
    touched = scenarios.scale_out(estate, HERE, count=3)
    [group] = touched["groups"]
    assert project.members[group][-3:] == touched["instances"]
    assert project.groups.get(group)["targetSize"] == len(project.members[group])
    added = [project.instances.get(path) for path in touched["instances"]]
    model = project.instances.get(project.members[group][0])
    assert all(i["metadata"]["items"] == model["metadata"]["items"] for i in added)
    assert len({i["networkInterfaces"][0]["networkIP"] for i in added}) == 3
    principal = project.entries[-1]["protoPayload"]["authenticationInfo"]["principalEmail"]
    assert principal == f"{project.number}@cloudservices.gserviceaccount.com"
    gone = scenarios.scale_in(estate, HERE, count=3)
    assert sorted(gone["instances"]) == sorted(touched["instances"])
    assert not set(gone["instances"] + gone["disks"]) & set(state(project))


def meaning(rule):
    """Return a rule without its order, its numeric id and its way to write ports."""
    atoms = {
        (key, entry["IPProtocol"], port)
        for key in ("allowed", "denied")
        for entry in rule.get(key, ())
        for port in entry.get("ports", ["all"])
    }
    rest = {
        key: sorted(value) if isinstance(value, list) else value
        for key, value in rule.items()
        if key not in ("allowed", "denied", "id", "creationTimestamp")
    }
    return atoms, rest


def test_rewritten_firewalls_mean_the_same(estate, project):
    before = {path: project.firewalls.get(path) for path in project.firewalls.ids()}
    scenarios.rewrite_firewalls(estate, HERE)
    after = {path: project.firewalls.get(path) for path in project.firewalls.ids()}
    assert list(before) != list(after) and before.keys() == after.keys()
    for path, rule in before.items():
        assert rule["id"] != after[path]["id"]
        assert meaning(rule) == meaning(after[path])
    assert (
        before["global/firewalls/core-allow-web"]["allowed"]
        != (after["global/firewalls/core-allow-web"]["allowed"])
    )


def ordered(value):
    if isinstance(value, dict):
        return tuple((key, ordered(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(sorted(map(ordered, value), key=repr))
    return value


def test_shuffling_changes_nothing_that_counts(estate, project):
    before, listed = state(project), project.instances.ids()
    scenarios.shuffle(estate, HERE)
    assert project.instances.ids() != listed
    assert state(project) != before
    assert ordered(state(project)) == ordered(before)
    assert methods(project) == []


def test_addresses_that_pass(estate, project):
    before = state(project)
    [path] = scenarios.churn_public_addresses(estate, HERE)["instances"]
    differing = changed(before, state(project))
    assert set(differing) == {path}
    assert differing[path] == {"networkInterfaces", "lastStartTimestamp", "lastStopTimestamp"}
    assert [name.rpartition(".")[2] for name, _ in methods(project)] == ["stop", "start"]


def test_every_scenario_works_on_a_small_estate_and_twice():
    estate = generate(instances=10)
    for _ in range(2):
        for name in scenarios.__all__:
            if name[0].islower():
                assert getattr(scenarios, name)(estate, HERE), name
