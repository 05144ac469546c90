"""Networks, templates, groups and identities are served whole, and agree with the instances."""

from __future__ import annotations

import ipaddress
import json
import re
from base64 import b64decode

import pytest
from botocore.exceptions import ClientError

from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws, generate, scenarios
from tests.simcloud.estates import LISTS, SCALING_LISTS, read

HERE = ("111111111111", "us-east-1")


@pytest.fixture(scope="module")
def large():
    """Serve a region with several scaling groups and elastic addresses; nothing changes it."""
    with SimAws(generate(instances=1000)) as running:
        yield running


@pytest.fixture
def visit(large, connect, monkeypatch):
    """Connect to the large region."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", large.url)
    return connect


@pytest.mark.parametrize("operation", LISTS)
def test_pages_add_up(large, visit, operation):
    expression, collection, size = LISTS[operation]
    expected = getattr(large.estate.region(*HERE), collection).ids()
    assert read(visit(), operation, expression, size) == expected
    assert read(visit(), operation, expression) == expected


@pytest.mark.parametrize("operation", SCALING_LISTS)
def test_pages_of_auto_scaling_add_up(large, visit, operation):
    expression, collection, size = SCALING_LISTS[operation]
    expected = getattr(large.estate.region(*HERE), collection).ids()
    assert read(visit("autoscaling"), operation, expression, size) == expected
    assert read(visit("autoscaling"), operation, expression) == expected
    assert expected


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        ("describe_route_tables", 101),
        ("describe_launch_templates", 201),
        ("describe_instance_connect_endpoints", 51),
        ("describe_managed_prefix_lists", 101),
    ],
)
def test_page_sizes_have_the_limits_of_their_operation(visit, operation, size):
    ec2 = visit()
    grow = lambda params, **_: params["body"].update(MaxResults=size)  # noqa: E731
    ec2.meta.events.register("before-call.ec2", grow)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        getattr(ec2, operation)()


def test_tokens_of_other_services(visit):
    for client, operation, sent, code in [
        (visit("autoscaling"), "describe_auto_scaling_groups", "NextToken", "InvalidNextToken"),
        (visit("iam"), "list_instance_profiles", "Marker", "ValidationError"),
        (visit("cloudtrail"), "lookup_events", "NextToken", "InvalidNextTokenException"),
    ]:
        with pytest.raises(ClientError) as raised:
            getattr(client, operation)(**{sent: "AAAA"})
        assert raised.value.response["Error"]["Code"] == code


def test_named_resources(visit):
    ec2 = visit()
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    own = next(entry for entry in lists if entry["OwnerId"] == HERE[0])
    entries = "Entries[].Cidr"
    asked = {"PrefixListId": own["PrefixListId"]}
    assert len(read(ec2, "get_managed_prefix_list_entries", entries, 1, **asked)) == 3
    with pytest.raises(ClientError, match=r"InvalidPrefixListID\.NotFound"):
        ec2.get_managed_prefix_list_entries(PrefixListId="pl-00000000000000000")
    [key] = ec2.describe_key_pairs(KeyNames=["ops-prod"])["KeyPairs"]
    assert key["KeyPairId"].startswith("key-")
    with pytest.raises(ClientError, match=r"InvalidKeyPair\.NotFound"):
        ec2.describe_key_pairs(KeyNames=["nobody"])
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    wanted = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    assert len(ec2.describe_subnets(Filters=wanted)["Subnets"]) == 3
    scaling = visit("autoscaling")
    names = ["asg-web-prod", "asg-none"]
    groups = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=names)
    assert [g["AutoScalingGroupName"] for g in groups["AutoScalingGroups"]] == names[:1]


def test_versions_of_a_template(visit):
    ec2 = visit()
    template = ec2.describe_launch_templates()["LaunchTemplates"][0]
    asked = {"LaunchTemplateId": template["LaunchTemplateId"]}
    numbers = "LaunchTemplateVersions[].VersionNumber"
    operation = "describe_launch_template_versions"
    assert read(ec2, operation, numbers, 1, **asked) == [3, 2, 1]
    assert read(ec2, operation, numbers, **asked, Versions=["$Latest", "$Default"]) == [3]
    assert read(ec2, operation, numbers, **asked, Versions=["1", "$Latest"]) == [1, 3]
    assert read(ec2, operation, numbers, **asked, MinVersion="2") == [3, 2]
    by_name = {"LaunchTemplateName": template["LaunchTemplateName"]}
    assert read(ec2, operation, numbers, **by_name, Versions=["2"]) == [2]
    every = read(ec2, operation, numbers, 2, Versions=["$Latest"])
    assert len(every) == len(ec2.describe_launch_templates()["LaunchTemplates"]) == 6
    for wrong, code in [
        ({}, "MissingParameter"),
        (asked | {"Versions": ["9"]}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": "lt-00000000000000000"}, "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "none"}, "InvalidLaunchTemplateName.NotFoundException"),
    ]:
        with pytest.raises(ClientError) as raised:
            ec2.describe_launch_template_versions(**wrong)
        assert raised.value.response["Error"]["Code"] == code


def members(ec2, scaling):
    """Yield every member: its instance, what its group says, and its template's data."""
    data = {
        (id_, str(version["VersionNumber"])): version["LaunchTemplateData"]
        for id_ in read(ec2, "describe_launch_templates", "LaunchTemplates[].LaunchTemplateId")
        for version in ec2.describe_launch_template_versions(LaunchTemplateId=id_)[
            "LaunchTemplateVersions"
        ]
    }
    reservations = "Reservations[].Instances[]"
    listed = read(ec2, "describe_instances", reservations, IncludeManagedResources=True)
    instances = {i["InstanceId"]: i for i in listed}
    for group in read(scaling, "describe_auto_scaling_groups", "AutoScalingGroups[]"):
        assert group["DesiredCapacity"] == len(group["Instances"])
        for member in group["Instances"]:
            template = member["LaunchTemplate"]
            launched = data[template["LaunchTemplateId"], template["Version"]]
            yield instances[member["InstanceId"]], group, member, launched


def check_conformity(ec2, instance, group, member, data):
    assert instance["State"]["Name"] == "running"
    assert instance["SubnetId"] in group["VPCZoneIdentifier"].split(",")
    assert instance["Placement"]["AvailabilityZone"] == member["AvailabilityZone"]
    assert instance["ImageId"] == member["ImageId"] == data["ImageId"]
    assert instance["InstanceType"] == member["InstanceType"] == data["InstanceType"]
    options = dict(instance["MetadataOptions"])
    assert options.pop("State") == "applied"
    assert options == data["MetadataOptions"]
    cards = data.get("NetworkInterfaces", [{}])
    groups = data.get("SecurityGroupIds") or cards[0]["Groups"]
    assert [g["GroupId"] for g in instance["SecurityGroups"]] == groups
    assert ("PublicIpAddress" in instance) == cards[0].get("AssociatePublicIpAddress", False)
    profile = instance.get("IamInstanceProfile", {}).get("Arn")
    assert profile == data.get("IamInstanceProfile", {}).get("Arn")
    assert len(instance["BlockDeviceMappings"]) == len(data["BlockDeviceMappings"]) == 1
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags["aws:autoscaling:groupName"] == group["AutoScalingGroupName"]
    assert tags["aws:ec2launchtemplate:version"] == member["LaunchTemplate"]["Version"]


def test_members_conform_to_their_template(large, visit):
    ec2, scaling = visit(), visit("autoscaling")
    found = list(members(ec2, scaling))
    for entry in found:
        check_conformity(ec2, *entry)
    assert len(found) == len(large.estate.region(*HERE).members) > 250
    sample = found[:: len(found) // 8]
    for instance, _, _, data in sample:
        asked = {"InstanceId": instance["InstanceId"], "Attribute": "userData"}
        answer = ec2.describe_instance_attribute(**asked)["UserData"]["Value"]
        assert b64decode(answer) == b64decode(data["UserData"])
        volume = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        [disk] = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
        assert disk["Encrypted"] == data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]


def test_public_addresses_are_in_public_subnets(visit):
    ec2 = visit()
    routed = {
        linked["SubnetId"]
        for table in ec2.describe_route_tables()["RouteTables"]
        if any(str(route.get("GatewayId")).startswith("igw-") for route in table["Routes"])
        for linked in table["Associations"]
        if not linked["Main"]
    }
    hidden = {"IncludeManagedResources": True}
    instances = read(ec2, "describe_instances", "Reservations[].Instances[]", **hidden)
    public = [i for i in instances if "PublicIpAddress" in i]
    assert len(public) > 90
    assert {i["SubnetId"] for i in public} <= routed
    assert not {i["SubnetId"] for i in instances} <= routed
    subnets = {s["SubnetId"]: s for s in ec2.describe_subnets()["Subnets"]}
    for instance in instances:
        subnet = subnets[instance["SubnetId"]]
        network = ipaddress.ip_network(subnet["CidrBlock"])
        assert ipaddress.ip_address(instance["PrivateIpAddress"]) in network
        assert instance["Placement"]["AvailabilityZone"] == subnet["AvailabilityZone"]
    addresses = [i["PrivateIpAddress"] for i in instances]
    assert len(addresses) == len(set(addresses))
    elastic = {a.get("InstanceId"): a for a in ec2.describe_addresses()["Addresses"]}
    assert len(elastic) > 10
    by_id = {i["InstanceId"]: i for i in instances}
    for id_, address in elastic.items():
        assert id_ is None or by_id[id_]["PublicIpAddress"] == address["PublicIp"]


def test_profiles_of_instances_exist(visit):
    iam = visit("iam")
    asked = {"PaginationConfig": {"PageSize": 7}}
    pages = iam.get_paginator("list_instance_profiles").paginate(**asked)
    profiles = list(pages.search("InstanceProfiles[]"))
    assert len(profiles) == 31
    known = {p["Arn"]: p["InstanceProfileId"] for p in profiles}
    instances = read(visit(), "describe_instances", "Reservations[].Instances[]")
    used = [i["IamInstanceProfile"] for i in instances if "IamInstanceProfile" in i]
    assert all(known[profile["Arn"]] == profile["Id"] for profile in used)
    [role] = iam.get_instance_profile(InstanceProfileName="web-prod")["InstanceProfile"]["Roles"]
    assert role["AssumeRolePolicyDocument"]["Statement"]
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])
    assert len(attached["AttachedPolicies"]) == 2
    assert iam.list_role_policies(RoleName="web-prod")["PolicyNames"] == ["read-configuration"]
    assert iam.list_role_policies(RoleName="web-dev")["PolicyNames"] == []
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.list_role_policies(RoleName="nobody")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_instance_profile(InstanceProfileName="nobody")


def test_principals_and_their_policies_are_listed_in_pages(visit):
    iam = visit("iam")
    pager = iam.get_paginator("get_account_authorization_details")
    pages = list(pager.paginate(PaginationConfig={"PageSize": 7}))
    assert len(pages) > 5
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    found = {name: [item for page in pages for item in page.get(name) or ()] for name in lists}
    assert [len(found[name]) for name in lists[:3]] == [4, 1, 32]
    known = {policy["Arn"]: policy["PolicyVersionList"] for policy in found["Policies"]}
    for holder in (*found["RoleDetailList"], *found["GroupDetailList"]):
        for policy in holder["AttachedManagedPolicies"]:
            (version,) = [v for v in known[policy["PolicyArn"]] if v["IsDefaultVersion"]]
            assert version["Document"]["Statement"]
    with pytest.raises(ClientError, match="not simulated"):
        iam.get_account_authorization_details(Filter=["User"])


ID = re.compile(r'"([a-z]+)-(0[0-9a-f]{16}|[0-9a-f]{8})"')
HOLDERS = {
    "i": ("instances",),
    "vol": ("volumes",),
    "snap": ("snapshots", "foreign_snapshots"),
    "ami": ("images", "foreign_images"),
    "eni": ("interfaces",),
    "sg": ("groups",),
    "sgr": ("rules",),
    "vpc": ("vpcs",),
    "subnet": ("subnets",),
    "rtb": ("route_tables",),
    "acl": ("acls",),
    "igw": ("internet_gateways",),
    "eigw": ("egress_gateways",),
    "pcx": ("peerings",),
    "pl": ("prefix_lists",),
    "eipalloc": ("addresses",),
    "lt": ("templates",),
    "eice": ("connect_endpoints",),
    "fl": ("flow_logs",),
}
FREE = {"r", "key", "eipassoc", "rtbassoc", "aclassoc", "dopt", "token"}
"""Ids that name no resource which can be described."""


def everything(connect, region="us-east-1"):
    """Return the text of all answers about a region."""
    ec2, scaling = connect(region=region), connect("autoscaling", region=region)
    hidden = {"IncludeManagedResources": True}
    named = {
        "describe_instances": hidden,
        "describe_volumes": hidden,
        "describe_network_interfaces": hidden,
        "describe_launch_template_versions": {"Versions": ["$Latest", "$Default"]},
    }
    plain = ("security_groups", "security_group_rules", "snapshots", "images")
    answers = [
        getattr(ec2, name)(**named.get(name, {}))
        for name in (*LISTS, *named, *(f"describe_{name}" for name in plain))
    ]
    answers += [getattr(scaling, name)() for name in SCALING_LISTS]
    return json.dumps(answers, default=str)


def check_references(cloud, text, region="us-east-1"):
    here = cloud.estate.region(HERE[0], region)
    seen = set()
    for kind, digits in ID.findall(text):
        id_ = f"{kind}-{digits}"
        if kind in FREE or id_ == "vol-ffffffff":
            continue
        assert any(id_ in getattr(here, name) for name in HOLDERS[kind]), id_
        seen.add(kind)
    for name in re.findall(r'"KeyName": "([^"]+)"', text):
        assert name in here.key_pairs
    return seen


def test_every_id_that_is_referred_to_exists(cloud, connect):
    assert check_references(cloud, everything(connect)) == HOLDERS.keys()
    for scenario in (
        scenarios.snapshot_chain,
        scenarios.asg_scale,
        scenarios.asg_new_template_version,
        scenarios.asg_scale,
        scenarios.rogue_member,
        scenarios.open_nacl,
        scenarios.route_to_internet,
        scenarios.modify_prefix_list,
        scenarios.attach_role,
        scenarios.mining_in_unused_region,
    ):
        scenario(cloud.estate, *HERE)
    assert check_references(cloud, everything(connect)) == HOLDERS.keys()
    scenarios.mining_in_unused_region(cloud.estate, HERE[0], "ap-south-1")
    mined = everything(connect, "ap-south-1")
    assert {"i", "ami", "subnet", "sg"} <= check_references(cloud, mined, "ap-south-1")


def test_faults_of_the_new_services(cloud, connect):
    cloud.inject(Fault("deny", region="global"), Fault("throttle", region="us-east-1"))
    for service, operation, code in [
        ("iam", "list_instance_profiles", "AccessDenied"),
        ("autoscaling", "describe_auto_scaling_groups", "Throttling"),
        ("cloudtrail", "lookup_events", "ThrottlingException"),
    ]:
        with pytest.raises(ClientError) as raised:
            getattr(connect(service), operation)()
        assert raised.value.response["Error"]["Code"] == code
    cloud.inject()
    for service, operation in [
        ("autoscaling", "describe_auto_scaling_groups"),
        ("cloudtrail", "lookup_events"),
    ]:
        with pytest.raises(ClientError, match=r"InvalidClientTokenId|UnrecognizedClient"):
            getattr(connect(service, region="sa-east-1"), operation)()


def test_regions_can_differ_in_size():
    estate = generate(regions=("us-east-1", "eu-west-1"), instances={"us-east-1": 20})
    assert len(estate.region(*HERE).instances) == 20
    empty = estate.region(HERE[0], "eu-west-1")
    assert not len(empty.instances) and not len(empty.scaling_groups) and len(empty.vpcs) == 3


def test_scaling_keeps_members_conforming(cloud, connect):
    ec2, scaling = connect(), connect("autoscaling")
    grown = scenarios.asg_scale(cloud.estate, *HERE, by=3)
    gone = scenarios.asg_scale(cloud.estate, *HERE, by=-2)
    scenarios.asg_new_template_version(cloud.estate, *HERE, script="#!/bin/sh")
    newer = scenarios.asg_scale(cloud.estate, *HERE, by=1)["instances"]
    rogue = scenarios.rogue_member(cloud.estate, *HERE)
    found = {entry[2]["InstanceId"]: entry for entry in members(ec2, scaling)}
    for entry in found.values():
        check_conformity(ec2, *entry)
    assert {*grown["instances"], *newer} < found.keys()
    assert not {*gone["instances"], *rogue["instances"]} & found.keys()
    instance = found[newer[0]][0]
    assert instance["MetadataOptions"]["HttpTokens"] == "optional"
    answer = ec2.describe_instance_attribute(InstanceId=newer[0], Attribute="userData")
    assert answer["UserData"]["Value"] == "IyEvYmluL3No"
    ids = [*rogue["instances"], *rogue["models"]]
    shown = read(ec2, "describe_instances", "Reservations[].Instances[]", InstanceIds=ids)
    assert shown[0]["Tags"] == shown[1]["Tags"]
    confirmed = scaling.describe_auto_scaling_instances(InstanceIds=ids)["AutoScalingInstances"]
    assert [member["InstanceId"] for member in confirmed] == rogue["models"]
