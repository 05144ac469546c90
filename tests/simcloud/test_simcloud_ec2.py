"""Every EC2 action parses, pages to the exact total, and refuses as EC2 does."""

from __future__ import annotations

import base64

import pytest
from botocore.exceptions import ClientError

from auditor.simcloud.aws import SimAws

LISTS = {
    "describe_instances": ("Reservations[].Instances[].InstanceId", "instances"),
    "describe_volumes": ("Volumes[].VolumeId", "volumes"),
    "describe_network_interfaces": ("NetworkInterfaces[].NetworkInterfaceId", "interfaces"),
    "describe_security_groups": ("SecurityGroups[].GroupId", "groups"),
    "describe_security_group_rules": (
        "SecurityGroupRules[].SecurityGroupRuleId",
        "rules",
    ),
    "describe_snapshots": ("Snapshots[].SnapshotId", "snapshots"),
    "describe_images": ("Images[].ImageId", "images"),
}
ATTRIBUTES = (
    "disableApiTermination",
    "disableApiStop",
    "instanceInitiatedShutdownBehavior",
    "instanceType",
    "enaSupport",
    "sourceDestCheck",
    "groupSet",
    "blockDeviceMapping",
    "enclaveOptions",
    "kernel",
)
EXTRA = {
    "describe_instances": {"IncludeManagedResources": True},
    "describe_volumes": {"IncludeManagedResources": True},
    "describe_network_interfaces": {"IncludeManagedResources": True},
    "describe_snapshots": {"OwnerIds": ["self"]},
    "describe_images": {"Owners": ["self"]},
}


def read(ec2, action, size=50, **extra):
    """Return the ids of all pages of an action."""
    pages = ec2.get_paginator(action).paginate(
        PaginationConfig={"PageSize": size}, **(EXTRA.get(action, {}) | extra)
    )
    return list(pages.search(LISTS[action][0]))


@pytest.mark.parametrize("action", LISTS)
@pytest.mark.parametrize("size", [5, 97, 1000])
def test_pages_add_up_to_the_estate(cloud: SimAws, connect, action, size):
    ids = read(connect(), action, size)
    region = cloud.estate.region("111111111111", "us-east-1")
    assert ids == getattr(region, LISTS[action][1]).ids()
    assert len(ids) == len(set(ids)) > 1


def test_an_instance_is_complete_and_agrees_with_the_rest(connect):
    ec2 = connect()
    volumes = {v["VolumeId"]: v for p in pages(ec2, "describe_volumes") for v in p["Volumes"]}
    cards = {
        e["NetworkInterfaceId"]: e
        for p in pages(ec2, "describe_network_interfaces")
        for e in p["NetworkInterfaces"]
    }
    groups = {g["GroupId"]: g for g in ec2.describe_security_groups()["SecurityGroups"]}
    images = {i["ImageId"]: i for i in ec2.describe_images()["Images"]}
    snapshots = {s["SnapshotId"]: s for s in ec2.describe_snapshots()["Snapshots"]}
    public = 0
    for instance in all_instances(ec2):
        card = cards[instance["NetworkInterfaces"][0]["NetworkInterfaceId"]]
        assert card["Attachment"]["InstanceId"] == instance["InstanceId"]
        assert card["PrivateIpAddress"] == instance["PrivateIpAddress"]
        assert card["Groups"] == instance["SecurityGroups"]
        assert card["VpcId"] == instance["VpcId"] and card["SubnetId"] == instance["SubnetId"]
        assert card.get("Association", {}).get("PublicIp") == instance.get("PublicIpAddress")
        public += "PublicIpAddress" in instance
        for group in instance["SecurityGroups"]:
            assert groups[group["GroupId"]]["VpcId"] == instance["VpcId"]
            assert groups[group["GroupId"]]["GroupName"] == group["GroupName"]
        assert images[instance["ImageId"]]["Architecture"] == instance["Architecture"]
        for disk in instance["BlockDeviceMappings"]:
            volume = volumes[disk["Ebs"]["VolumeId"]]
            assert volume["Attachments"][0]["InstanceId"] == instance["InstanceId"]
            assert volume["AvailabilityZone"] == instance["Placement"]["AvailabilityZone"]
            assert not volume["SnapshotId"] or volume["SnapshotId"] in snapshots
    assert public > 8
    own = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert {s["VolumeId"] for s in own} <= volumes.keys() | {"vol-ffffffff"}


def all_instances(ec2):
    return [
        instance
        for page in pages(ec2, "describe_instances")
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def pages(ec2, action):
    return ec2.get_paginator(action).paginate(**EXTRA.get(action, {}))


def test_groups_and_rules_tell_the_same(connect):
    ec2 = connect()
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    assert all("security-group-rule/sgr-" in rule["SecurityGroupRuleArn"] for rule in rules)
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        atoms = sum(
            len(permission[peers])
            for side in ("IpPermissions", "IpPermissionsEgress")
            for permission in group[side]
            for peers in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
        )
        assert atoms == sum(rule["GroupId"] == group["GroupId"] for rule in rules)


def test_managed_resources_are_hidden_unless_asked_for(connect):
    ec2 = connect()
    for action in ("describe_instances", "describe_volumes", "describe_network_interfaces"):
        everything = read(ec2, action)
        usual = read(ec2, action, IncludeManagedResources=False)
        assert len(everything) - len(usual) == 1
    hidden = [i for i in all_instances(ec2) if i["Operator"]["Managed"]]
    assert [i["Operator"]["HiddenByDefault"] for i in hidden] == [True]


def test_reservations_hold_several_instances(connect):
    reservations = connect().describe_instances(MaxResults=1000)["Reservations"]
    ids = [reservation["ReservationId"] for reservation in reservations]
    assert len(ids) == len(set(ids))
    assert max(len(reservation["Instances"]) for reservation in reservations) == 4


@pytest.mark.parametrize("size", ["4", "1001", "x"])
def test_page_sizes_have_limits(cloud, connect, size):
    ec2 = connect()
    add = lambda params, **_: params["body"].update(MaxResults=size)  # noqa: E731
    ec2.meta.events.register("before-call.ec2.DescribeInstances", add)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.describe_instances()


def test_a_token_is_good_for_its_own_list_only(connect):
    ec2 = connect()
    token = ec2.describe_instances(MaxResults=5)["NextToken"]
    for action, sent in [
        (ec2.describe_instances, "AAAA"),
        (ec2.describe_instances, "é"),
        (ec2.describe_volumes, token),
        (connect(region="eu-west-1").describe_instances, token),
    ]:
        with pytest.raises(ClientError) as raised:
            action(NextToken=sent)
        assert raised.value.response["Error"]["Code"] == "InvalidNextToken"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert raised.value.response["ResponseMetadata"]["RequestId"]


def test_ids_and_filters_select(connect):
    ec2 = connect()
    wanted = [i["InstanceId"] for i in all_instances(ec2)][3:5]
    found = ec2.describe_instances(InstanceIds=wanted)["Reservations"]
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == wanted
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        ec2.describe_instances(InstanceIds=["i-00000000000000000"])
    stopped = read(
        ec2,
        "describe_instances",
        Filters=[{"Name": "instance-state-name", "Values": ["stop*"]}],
    )
    assert len(stopped) == 5
    dev = read(ec2, "describe_instances", Filters=[{"Name": "tag:Service", "Values": ["web"]}])
    assert dev
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.describe_instances(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_owners_select(connect):
    ec2 = connect()
    assert {i["OwnerId"] for i in ec2.describe_images()["Images"]} > {"111111111111"}
    own = ec2.describe_images(Owners=["self"])["Images"]
    assert {i["OwnerId"] for i in own} == {"111111111111"}
    amazon = ec2.describe_images(Owners=["amazon"])["Images"]
    assert [i["ImageOwnerAlias"] for i in amazon] == ["amazon"]
    assert ec2.describe_images(ImageIds=[amazon[0]["ImageId"]])["Images"] == amazon


def test_attributes(connect):
    ec2 = connect()
    instances = all_instances(ec2)
    for name in ATTRIBUTES:
        answer = ec2.describe_instance_attribute(
            InstanceId=instances[0]["InstanceId"], Attribute=name
        )
        assert answer["InstanceId"] == instances[0]["InstanceId"]
    data = [
        ec2.describe_instance_attribute(InstanceId=i["InstanceId"], Attribute="userData")
        for i in instances[60:62]
    ]
    assert data[0]["UserData"] == {}
    assert base64.b64decode(data[1]["UserData"]["Value"]).startswith(b"#!/bin/bash")


def test_sharing(connect):
    ec2 = connect()
    snapshot = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"][0]["SnapshotId"]
    image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    answer = ec2.describe_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission"
    )
    assert answer["CreateVolumePermissions"] == []
    answer = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
    assert answer["LaunchPermissions"] == []


def test_account_settings(connect):
    ec2 = connect()
    assert ec2.get_instance_metadata_defaults()["AccountLevel"]["HttpTokens"] == "required"
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"].startswith("arn:aws:kms:us-east-1:")
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is False
    assert ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
    state = ec2.get_image_block_public_access_state()
    assert state["ImageBlockPublicAccessState"] == "block-new-sharing"
    assert ec2.get_allowed_images_settings()["State"] == "disabled"


def test_regions(connect):
    ec2 = connect(region="ap-south-1")
    enabled = ec2.describe_regions()["Regions"]
    assert [r["RegionName"] for r in enabled] == ["us-east-1", "eu-west-1"]
    assert len(ec2.describe_regions(AllRegions=True)["Regions"]) > 15
    with pytest.raises(ClientError, match="AuthFailure"):
        ec2.describe_instances()


def test_what_is_not_there_is_refused(connect):
    ec2 = connect()
    with pytest.raises(ClientError, match="InvalidAction"):
        ec2.describe_nat_gateways()
    with pytest.raises(ClientError, match="DryRunOperation"):
        ec2.describe_instances(DryRun=True)
