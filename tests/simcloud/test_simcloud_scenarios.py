"""Scenarios change what is described, consistently; equal seeds give equal clouds."""

from __future__ import annotations

import pytest

from auditor.simcloud.aws import generate, scenarios

HERE = ("111111111111", "us-east-1")


def instance(ec2, id_):
    return ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]


def everything(ec2):
    """Return what is described, without order and without rule ids."""
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    for rule in rules:
        del rule["SecurityGroupRuleId"], rule["SecurityGroupRuleArn"]
    reservations = ec2.describe_instances()["Reservations"]
    return [
        ordered(part)
        for part in (
            [i for r in reservations for i in r["Instances"]],
            ec2.describe_volumes()["Volumes"],
            ec2.describe_network_interfaces()["NetworkInterfaces"],
            ec2.describe_security_groups()["SecurityGroups"],
            rules,
        )
    ]


def ordered(value):
    if isinstance(value, dict):
        return tuple((key, ordered(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return tuple(sorted(map(ordered, value), key=repr))
    return value


def test_snapshot_chain(cloud, connect):
    ec2 = connect()
    touched = scenarios.snapshot_chain(cloud.estate, *HERE)
    victim, new = instance(ec2, touched["victims"][0]), instance(ec2, touched["instances"][0])
    [snapshot] = ec2.describe_snapshots(SnapshotIds=touched["snapshots"])["Snapshots"]
    volume, root = ec2.describe_volumes(VolumeIds=touched["volumes"])["Volumes"]
    assert snapshot["VolumeId"] in {d["Ebs"]["VolumeId"] for d in victim["BlockDeviceMappings"]}
    assert volume["SnapshotId"] == snapshot["SnapshotId"]
    attached = {v["VolumeId"]: v["Attachments"][0]["InstanceId"] for v in (volume, root)}
    assert {d["Ebs"]["VolumeId"] for d in new["BlockDeviceMappings"]} == set(attached)
    assert set(attached.values()) == {new["InstanceId"]}
    assert new["PublicIpAddress"] and new["SecurityGroups"][0]["GroupId"] == touched["groups"][0]
    [group] = ec2.describe_security_groups(GroupIds=touched["groups"])["SecurityGroups"]
    assert group["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    [card] = ec2.describe_network_interfaces(NetworkInterfaceIds=touched["interfaces"])[
        "NetworkInterfaces"
    ]
    assert card["Association"]["PublicIp"] == new["PublicIpAddress"]
    assert card["Attachment"]["InstanceId"] == new["InstanceId"]
    total = ec2.get_paginator("describe_instances").paginate(IncludeManagedResources=True)
    assert len(list(total.search("Reservations[].Instances[]"))) == 121


def test_loosening_one_setting(cloud, connect):
    ec2 = connect()
    before = everything(ec2)
    weak = scenarios.weaken_metadata(cloud.estate, *HERE)["instances"][0]
    assert instance(ec2, weak)["MetadataOptions"]["HttpTokens"] == "optional"
    armed = scenarios.attach_role(cloud.estate, *HERE)["instances"][0]
    assert instance(ec2, armed)["IamInstanceProfile"]["Arn"].endswith("/admin-ops")
    rule = scenarios.open_group(cloud.estate, *HERE, port=3389)["rules"]
    [found] = ec2.describe_security_group_rules(SecurityGroupRuleIds=rule)["SecurityGroupRules"]
    assert (found["CidrIpv4"], found["FromPort"]) == ("0.0.0.0/0", 3389)
    after = everything(ec2)
    assert [old == new for old, new in zip(before, after, strict=True)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_user_data_and_sharing(cloud, connect):
    ec2 = connect()
    changed = scenarios.change_user_data(cloud.estate, *HERE, script="#!/bin/sh")["instances"][0]
    answer = ec2.describe_instance_attribute(InstanceId=changed, Attribute="userData")
    assert answer["UserData"]["Value"] == "IyEvYmluL3No"
    shared = scenarios.share_snapshot_publicly(cloud.estate, *HERE)["snapshots"][0]
    answer = ec2.describe_snapshot_attribute(SnapshotId=shared, Attribute="createVolumePermission")
    assert answer["CreateVolumePermissions"] == [{"Group": "all"}]


def test_terminate(cloud, connect):
    ec2 = connect()
    touched = scenarios.terminate(cloud.estate, *HERE)
    gone = instance(ec2, touched["instances"][0])
    assert gone["State"] == {"Code": 48, "Name": "terminated"}
    assert gone["NetworkInterfaces"] == gone["BlockDeviceMappings"] == []
    assert "PrivateIpAddress" not in gone
    region = cloud.estate.region(*HERE)
    assert touched["interfaces"][0] not in region.interfaces
    left = [id_ for id_ in touched["volumes"] if id_ in region.volumes]
    states = [v["State"] for v in ec2.describe_volumes(VolumeIds=left)["Volumes"]] if left else []
    assert set(states) <= {"available"}


def test_benign_changes_of_content_keep_the_rest(cloud, connect):
    ec2 = connect()
    touched = scenarios.churn_public_addresses(cloud.estate, *HERE)
    assert instance(ec2, touched["instances"][0])["PublicIpAddress"].startswith("98.80.")
    touched = scenarios.scale_out(cloud.estate, *HERE, count=3)
    added = [instance(ec2, id_) for id_ in touched["instances"]]
    assert len({i["PrivateIpAddress"] for i in added}) == 3
    assert all("PublicIpAddress" not in i for i in added)
    assert all(i["Tags"] == added[0]["Tags"] for i in added)


@pytest.mark.parametrize("scenario", [scenarios.rewrite_rules, scenarios.shuffle])
def test_rewriting_and_shuffling_change_nothing_that_counts(cloud, connect, scenario):
    ec2 = connect()
    before = everything(ec2)
    listed = ec2.describe_security_group_rules()
    scenario(cloud.estate, *HERE)
    again = ec2.describe_security_group_rules()
    assert again["SecurityGroupRules"] != listed["SecurityGroupRules"]
    assert everything(ec2) == before


def fingerprint(estate):
    region = estate.region(*HERE)
    return [
        (id_, collection.fragment(id_))
        for collection in region.collections
        for id_ in collection.ids()
    ]


def test_equal_seeds_give_equal_estates():
    first, second = (generate(instances=60, seed=3) for _ in range(2))
    other = generate(instances=60, seed=4)
    assert fingerprint(first) == fingerprint(second) != fingerprint(other)
    for estate in (first, second):
        scenarios.snapshot_chain(estate, *HERE)
        scenarios.rewrite_rules(estate, *HERE)
        scenarios.shuffle(estate, *HERE)
    assert fingerprint(first) == fingerprint(second)


def test_every_scenario_works_on_a_small_estate():
    estate = generate(instances=10)
    for name, scenario in vars(scenarios).items():
        if name in scenarios.__all__ and callable(scenario):
            assert scenario(estate, *HERE), name


def test_a_large_estate_is_cheap_and_its_ids_are_distinct():
    region = generate(instances=90_000).region(*HERE)
    assert len(set(region.instances.ids())) == len(region.interfaces) == 90_000
    vpcs = {region.instances.get(region.instances.ids()[i])["vpcId"] for i in (0, 41_000, 81_000)}
    assert len(vpcs) == 3
    listed = {region.groups.get(id_)["vpcId"] for id_ in region.groups.ids()}
    assert vpcs < listed == set(region.vpcs.ids())
