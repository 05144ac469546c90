"""Recorded answers of the real API (`aws_recordings.py`): each item becomes one row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.collect.catalog import all_tables
from auditor.model import Scope
from tests.aws_recordings import atoms, check_row, files, recorded, skip_without_recordings

SCOPE = Scope("aws", "111122223333", "us-east-1")
TABLES = {table.name: table for table in all_tables()}
LISTINGS = {
    "ec2.DescribeInstances": ("aws_ec2_instances", "Reservations"),
    "ec2.DescribeSecurityGroups": ("aws_ec2_security_groups", "SecurityGroups"),
    "ec2.DescribeNetworkInterfaces": ("aws_ec2_network_interfaces", "NetworkInterfaces"),
    "ec2.DescribeVolumes": ("aws_ec2_ebs_volumes", "Volumes"),
    "ec2.DescribeSnapshots": ("aws_ec2_ebs_snapshots", "Snapshots"),
    "ec2.DescribeImages": ("aws_ec2_images", "Images"),
    "ec2.DescribeSubnets": ("aws_ec2_subnets", "Subnets"),
    "ec2.DescribeVpcs": ("aws_ec2_vpcs", "Vpcs"),
    "ec2.DescribeAddresses": ("aws_ec2_eips", "Addresses"),
    "ec2.DescribeFlowLogs": ("aws_ec2_flow_logs", "FlowLogs"),
    "ec2.DescribeRouteTables": ("aws_ec2_route_tables", "RouteTables"),
    "ec2.DescribeNetworkAcls": ("aws_ec2_network_acls", "NetworkAcls"),
    "ec2.DescribeManagedPrefixLists": ("aws_ec2_managed_prefix_lists", "PrefixLists"),
    "ec2.DescribeLaunchTemplateVersions": (
        "aws_ec2_launch_template_versions",
        "LaunchTemplateVersions",
    ),
    "autoscaling.DescribeAutoScalingGroups": ("aws_autoscaling_groups", "AutoScalingGroups"),
    "iam.ListInstanceProfiles": ("aws_iam_instance_profiles", "InstanceProfiles"),
}
HASHED = {"Sha256", "Length"}
SINGLE = {
    "DescribeInstanceAttribute": "aws_ec2_instance_attributes",
    "DescribeSnapshotAttribute": "aws_ec2_ebs_snapshots",
    "DescribeImageAttribute": "aws_ec2_images",
}

skip_without_recordings()


def items_of(operation: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    _, key = LISTINGS[operation]
    found = answer.get(key) or []
    if operation == "ec2.DescribeInstances":
        return [raw for group in found for raw in group["Instances"]]
    return found


@pytest.mark.parametrize("operation", LISTINGS)
def test_listing(operation: str) -> None:
    table = TABLES[LISTINGS[operation][0]]
    items = rows = 0
    service, _, name = operation.partition(".")
    for answer in recorded(name, service):
        found = items_of(operation, answer)
        made = [dict(table.transform(raw, SCOPE)) for raw in found]
        for row in made:
            check_row(table, row)
        # NOTE: some recordings repeat an item, so ids are compared with the provider's own.
        own = {json.dumps(raw, sort_keys=True, default=str) for raw in found}
        assert len({row["resource_id"] for row in made}) <= len(own)
        items, rows = items + len(found), rows + len(made)
    print(f"{operation}: {items} items in, {rows} rows out")
    assert rows == items > 0


@pytest.mark.parametrize("operation", SINGLE)
def test_attribute(operation: str) -> None:
    table = TABLES[SINGLE[operation]]
    rows = 0
    for answer in recorded(operation):
        # NOTE: only the permissions of an image are taken from an answer about an attribute.
        kept = ("ImageId", "LaunchPermissions") if "ImageId" in answer else tuple(answer)
        row = dict(table.transform({k: v for k, v in answer.items() if k in kept}, SCOPE))
        check_row(table, row)
        secret = (answer.get("UserData") or {}).get("Value")
        if secret:
            assert row["user_data_length"] and len(row["user_data_sha256"]) == 64
            assert secret not in json.dumps(row, default=str)
        rows += 1
    print(f"ec2.{operation}: {rows} items in, {rows} rows out")
    assert rows > 0


def test_rules_of_recorded_groups() -> None:
    """Permissions of recorded groups, taken apart as DescribeSecurityGroupRules lists them."""
    table = TABLES["aws_ec2_security_group_rules"]
    rules = [dict(table.transform(raw, SCOPE)) for raw in atoms()]
    for row in rules:
        check_row(table, row)
        assert row["peer"] and " nowhere" not in row["rule"]
    print(f"ec2.DescribeSecurityGroupRules (derived): {len(rules)} items in, {len(rules)} rows out")
    assert len(rules) > 100


def test_regional_settings() -> None:
    table = TABLES["aws_ec2_regional_settings"]
    rows = 0
    for answer in recorded("GetEbsEncryptionByDefault"):
        raw: dict[str, Any] = {
            permission.removeprefix("ec2:"): {} for permission in table.permissions
        }
        row = dict(table.transform({**raw, "GetEbsEncryptionByDefault": answer}, SCOPE))
        check_row(table, row)
        assert row["ebs_encryption_by_default"] in (True, False)
        rows += 1
    print(f"ec2.GetEbsEncryptionByDefault: {rows} items in, {rows} rows out")
    assert rows > 0


def test_entries_of_network_acls() -> None:
    table = TABLES["aws_ec2_network_acl_entries"]
    rows = 0
    for answer in recorded("DescribeNetworkAcls"):
        for acl in answer["NetworkAcls"]:
            known = {"NetworkAclId": acl["NetworkAclId"], "OwnerId": acl.get("OwnerId")}
            made = [dict(table.transform({**e, **known}, SCOPE)) for e in acl["Entries"]]
            assert len({row["resource_id"] for row in made}) == len(made)
            for row in made:
                check_row(table, row)
                assert row["action"] in ("allow", "deny") and " nowhere" not in row["rule"]
            rows += len(made)
    print(f"ec2.DescribeNetworkAcls, entries: {rows} items in, {rows} rows out")
    assert rows > 0


def test_entries_of_prefix_lists() -> None:
    table = TABLES["aws_ec2_managed_prefix_lists"]
    rows = 0
    for answer in recorded("GetManagedPrefixListEntries"):
        raw = {"PrefixListId": "pl-0123", "Entries": answer["Entries"]}
        row = dict(table.transform(raw, SCOPE))
        check_row(table, row)
        assert row["entries"] == sorted({entry["Cidr"] for entry in answer["Entries"]})
        rows += 1
    print(f"ec2.GetManagedPrefixListEntries: {rows} items in, {rows} rows out")
    assert rows > 0


def test_user_data_of_launch_templates_is_hashed() -> None:
    table = TABLES["aws_ec2_launch_template_versions"]
    secrets = 0
    for answer in recorded("DescribeLaunchTemplateVersions"):
        for raw in answer["LaunchTemplateVersions"]:
            secret = raw["LaunchTemplateData"].get("UserData")
            if secret:
                row = dict(table.transform(raw, SCOPE))
                assert row["user_data_sha256"] and row["user_data_length"]
                assert row["document"]["LaunchTemplateData"]["UserData"].keys() == HASHED
                secrets += 1
    assert secrets > 0


def records(operation: str) -> Iterator[dict[str, Any]]:
    """Yield recorded events: wrapped by LookupEvents, bare, or beside what a test expects."""
    for path in files(operation):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            content = content.get("Events") or content.get("Records") or [content]
        for item in content:
            yield item.get("log") or item.get("detail") or item


@pytest.mark.parametrize(
    "operation",
    ["cloudtrail.LookupEvents.stratus-red-team", "cloudtrail-log", "audit-events", "cwe-events"],
)
def test_events(operation: str) -> None:
    table = TABLES["aws_cloudtrail_events"]
    events = list(records(operation))
    rows = [dict(table.transform(raw, SCOPE)) for raw in events]
    for row in rows:
        check_row(table, row)
        assert row["event_time"] and row["event_source"] and row["outcome"]
    for raw, row in zip(events, rows, strict=True):
        told = json.loads(raw["CloudTrailEvent"]) if "CloudTrailEvent" in raw else raw
        said = {key.lower(): value for key, value in told.items()}
        who = said.get("useridentity", {})
        assert row["event_name"] == said["eventname"]
        assert said.get("eventid") in (row["event_id"], None)
        moment = re.sub(r"\D", "", said["eventtime"])[:14]
        assert f"{row['event_time']:%Y%m%d%H%M%S}" == moment
        assert row["source_ip"] == said.get("sourceipaddress")
        assert row["principal"] in (who.get("arn"), who.get("invokedBy"), who.get("userName"))
        assert (row["outcome"] == "success") == ("errorcode" not in said)
    known = [row for row in rows if row["step"]]
    named = sum(bool(row["resource_ids"]) for row in known)
    print(f"{operation}: {len(events)} items in, {len(rows)} rows out,", end=" ")
    print(f"{len(known)} of the catalogue, {named} of those name resources")
    assert len(rows) == len(events) > 0
    assert known and named
