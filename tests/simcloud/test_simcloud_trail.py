"""CloudTrail tells what scenarios did: who, when, in which order, in the shapes of the service."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from auditor.simcloud.aws import Principal, scenarios

HERE = ("111111111111", "us-east-1")
QUIET = {"shuffle"}
"""Scenarios that no API call stands for."""
NAMES = {
    "snapshot_chain": [
        "DescribeInstances",
        "CreateSnapshot",
        "CreateVolume",
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "CreateKeyPair",
        "RunInstances",
        "AttachVolume",
    ],
    "open_group": ["AuthorizeSecurityGroupIngress"],
    "weaken_metadata": ["ModifyInstanceMetadataOptions"],
    "attach_role": ["AssociateIamInstanceProfile"],
    "change_user_data": ["StopInstances", "ModifyInstanceAttribute", "StartInstances"],
    "share_snapshot_publicly": ["DisableSnapshotBlockPublicAccess", "ModifySnapshotAttribute"],
    "terminate": ["TerminateInstances"],
    "churn_public_addresses": ["StopInstances", "StartInstances"],
    "scale_out": ["RunInstances", "RunInstances"],
    "asg_scale": ["RunInstances", "RunInstances"],
    "asg_new_template_version": ["CreateLaunchTemplateVersion", "ModifyLaunchTemplate"],
    "rogue_member": ["RunInstances"],
    "attach_member": ["RunInstances"],
    "take_snapshot": ["CreateSnapshot", "ModifySnapshotAttribute"],
    "revert": ["CreateSnapshot", "CreateReplaceRootVolumeTask"],
    "mining_in_unused_region": ["RunInstances", "RunInstances"],
    "open_nacl": ["CreateNetworkAclEntry"],
    "route_to_internet": ["CreateRoute"],
    "modify_prefix_list": ["ModifyManagedPrefixList"],
    "serial_console_on": ["EnableSerialConsoleAccess"],
}


def lookup(client, size=50, **asked):
    """Return the events of all pages, oldest first, with their records read."""
    pages = client.get_paginator("lookup_events").paginate(
        PaginationConfig={"PageSize": size}, **asked
    )
    found = [event for page in pages for event in page["Events"]]
    for event in found:
        event["record"] = json.loads(event["CloudTrailEvent"])
    return found[::-1]


def played(cloud, connect, name, **options):
    touched = getattr(scenarios, name)(cloud.estate, *HERE, **options)
    events = lookup(connect("cloudtrail"))
    return touched, {event["EventName"]: event["record"] for event in events}


@pytest.mark.parametrize("name", NAMES)
def test_the_calls_of_a_scenario(cloud, connect, name):
    getattr(scenarios, name)(cloud.estate, *HERE)
    events = lookup(connect("cloudtrail"))
    assert [event["EventName"] for event in events] == NAMES[name]
    assert events[0]["record"]["eventTime"] == "2026-04-01T02:17:43Z"
    assert len({event["EventId"] for event in events}) == len(events)
    for event in events:
        record = event["record"]
        assert record["eventID"] == event["EventId"]
        assert record["eventName"] == event["EventName"]
        assert (event["ReadOnly"] == "true") == record["readOnly"]
        assert record["userIdentity"]["accountId"] == HERE[0]
        assert event["EventTime"] == datetime.fromisoformat(record["eventTime"])
    assert lookup(connect("cloudtrail", region="eu-west-1")) == []


def test_every_scenario_is_known():
    functions = {name for name in scenarios.__all__ if callable(getattr(scenarios, name))}
    assert functions == NAMES.keys() | QUIET | {"rewrite_rules"}


def test_the_chain_can_be_followed(cloud, connect):
    touched, records = played(cloud, connect, "snapshot_chain")
    shot = records["CreateSnapshot"]["responseElements"]
    assert shot["snapshotId"] == touched["snapshots"][0]
    volume = records["CreateVolume"]
    assert volume["requestParameters"]["snapshotId"] == shot["snapshotId"]
    launched = records["RunInstances"]
    [new] = launched["responseElements"]["instancesSet"]["items"]
    assert new["instanceId"] == touched["instances"][0]
    asked = launched["requestParameters"]
    assert asked["instancesSet"]["items"][0]["imageId"] == new["imageId"]
    [card] = asked["networkInterfaceSet"]["items"]
    assert card["groupSet"]["items"] == [{"groupId": touched["groups"][0]}]
    attached = records["AttachVolume"]["requestParameters"]
    assert attached["volumeId"] == volume["responseElements"]["volumeId"]
    assert attached["instanceId"] == new["instanceId"]
    opened = records["AuthorizeSecurityGroupIngress"]["responseElements"]
    [rule] = opened["securityGroupRuleSet"]["items"]
    assert (rule["securityGroupRuleId"], rule["cidrIpv4"]) == (touched["rules"][0], "0.0.0.0/0")
    assert rule["fromPort"] == 22 and rule["isEgress"] is False
    assert records["DescribeInstances"]["readOnly"] is True


def test_both_shapes_of_parameters(cloud, connect):
    touched, records = played(cloud, connect, "weaken_metadata")
    asked = records["ModifyInstanceMetadataOptions"]["requestParameters"]
    nested = {"InstanceId": touched["instances"][0], "HttpTokens": "optional"}
    assert asked == {"ModifyInstanceMetadataOptionsRequest": nested}
    _, records = played(cloud, connect, "open_nacl")
    asked = records["CreateNetworkAclEntry"]["requestParameters"]
    assert (asked["aclProtocol"], asked["ruleAction"], asked["egress"]) == ("-1", "allow", False)
    _, records = played(cloud, connect, "serial_console_on")
    record = records["EnableSerialConsoleAccess"]
    assert record["requestParameters"] == {"EnableSerialConsoleAccessRequest": ""}
    answer = record["responseElements"]["EnableSerialConsoleAccessResponse"]
    assert answer["serialConsoleAccessEnabled"] is True
    _, records = played(cloud, connect, "share_snapshot_publicly")
    shared = records["ModifySnapshotAttribute"]["requestParameters"]["createVolumePermission"]
    assert shared == {"add": {"items": [{"group": "all"}]}}
    changed, records = played(cloud, connect, "change_user_data", script="secret words")
    asked = records["ModifyInstanceAttribute"]["requestParameters"]
    assert asked == {"instanceId": changed["instances"][0], "userData": "<sensitiveDataRemoved>"}


def test_who_did_it(cloud, connect):
    mallory = Principal("admin", session="mallory", address="192.0.2.99", agent="curl/8")
    _, records = played(cloud, connect, "open_group", who=mallory, moment="2026-05-01T00:00:00Z")
    record = records["AuthorizeSecurityGroupIngress"]
    assert record["userIdentity"]["arn"].endswith(":assumed-role/admin/mallory")
    issuer = record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    assert issuer == f"arn:aws:iam::{HERE[0]}:role/admin"
    assert (record["sourceIPAddress"], record["userAgent"]) == ("192.0.2.99", "curl/8")
    _, records = played(cloud, connect, "weaken_metadata")
    assert records["ModifyInstanceMetadataOptions"]["userIdentity"]["type"] == "IAMUser"
    _, records = played(cloud, connect, "asg_scale", moment="2026-06-01T00:00:00Z")
    record = records["RunInstances"]
    assert record["userIdentity"]["invokedBy"] == "autoscaling.amazonaws.com"
    assert record["requestParameters"]["launchTemplate"]["version"] == "3"
    assert record["sourceIPAddress"] == "autoscaling.amazonaws.com"


def test_a_refused_attempt(cloud, connect):
    touched, _ = played(cloud, connect, "mining_in_unused_region", count=2)
    refused, launched = (event["record"] for event in lookup(connect("cloudtrail")))
    assert refused["errorCode"] == "Client.VcpuLimitExceeded"
    assert refused["responseElements"] is None
    assert "errorCode" not in launched
    made = launched["responseElements"]["instancesSet"]["items"]
    assert [entry["instanceId"] for entry in made] == touched["instances"]
    [entry] = launched["requestParameters"]["instancesSet"]["items"]
    assert entry["maxCount"] == 2
    reservations = connect().describe_instances(InstanceIds=touched["instances"])["Reservations"]
    assert {i["InstanceType"] for r in reservations for i in r["Instances"]} == {"g5.12xlarge"}


def test_pages_times_and_attributes(cloud, connect):
    trail = connect("cloudtrail")
    start = datetime(2026, 4, 1, tzinfo=UTC)
    for day in range(60):
        moment = (start + timedelta(days=day)).isoformat()
        scenarios.open_group(cloud.estate, *HERE, port=1000 + day, moment=moment)
    scenarios.rewrite_rules(cloud.estate, *HERE, moment="2026-08-01T00:00:00Z")
    every = lookup(trail)
    assert len(every) == len(cloud.estate.region(*HERE).events) > 60
    assert [e["EventId"] for e in lookup(trail, 7)] == [e["EventId"] for e in every]
    times = [event["EventTime"] for event in every]
    assert times == sorted(times)
    assert len(trail.lookup_events()["Events"]) == 50
    window = lookup(trail, StartTime=start, EndTime=start + timedelta(days=9))
    assert len(window) == 10
    by_name = {"AttributeKey": "EventName", "AttributeValue": "RevokeSecurityGroupIngress"}
    assert 0 < len(lookup(trail, LookupAttributes=[by_name])) < 10
    scenarios.snapshot_chain(cloud.estate, *HERE)
    reading = {"AttributeKey": "ReadOnly", "AttributeValue": "true"}
    [read] = lookup(trail, LookupAttributes=[reading])
    assert read["EventName"] == "DescribeInstances"
    writing = reading | {"AttributeValue": "false"}
    assert len(lookup(trail, LookupAttributes=[writing])) == len(every) + 7


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2},
            "InvalidLookupAttributesException",
        ),
        (
            {
                "StartTime": datetime(2026, 2, 1, tzinfo=UTC),
                "EndTime": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "InvalidTimeRangeException",
        ),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
    ],
)
def test_what_is_asked_wrongly(cloud, connect, asked, code):
    with pytest.raises(ClientError) as raised:
        connect("cloudtrail").lookup_events(**asked)
    assert raised.value.response["Error"]["Code"] == code
