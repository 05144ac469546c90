"""Recorded answers of the real API, from outside the repository: each item becomes one row.

`AUDITOR_RECORDINGS` names the folder; it holds `manifest.tsv` and the files that it lists. They
are tests of what real answers look like, not fixtures, and none of them is copied here.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor.collect.catalog import all_tables
from auditor.collect.table import ResourceTable, sql_type
from auditor.model import Scope

FOLDER = Path(
    os.environ.get("AUDITOR_RECORDINGS", Path(__file__).parents[2] / "shared" / "recordings")
)
SCOPE = Scope("aws", "111122223333", "us-east-1")
TABLES = {table.name: table for table in all_tables()}
LISTINGS = {
    "DescribeInstances": ("aws_ec2_instances", "Reservations"),
    "DescribeSecurityGroups": ("aws_ec2_security_groups", "SecurityGroups"),
    "DescribeNetworkInterfaces": ("aws_ec2_network_interfaces", "NetworkInterfaces"),
    "DescribeVolumes": ("aws_ec2_ebs_volumes", "Volumes"),
    "DescribeSnapshots": ("aws_ec2_ebs_snapshots", "Snapshots"),
    "DescribeImages": ("aws_ec2_images", "Images"),
}
INSTANT = ("year", "month", "day", "hour", "minute", "second", "microsecond")
SINGLE = {
    "DescribeInstanceAttribute": "aws_ec2_instance_attributes",
    "DescribeSnapshotAttribute": "aws_ec2_ebs_snapshots",
    "DescribeImageAttribute": "aws_ec2_images",
}

if not (FOLDER / "manifest.tsv").exists() and not os.environ.get("CI"):
    pytest.skip("no recordings; set AUDITOR_RECORDINGS to their folder", allow_module_level=True)


def recorded(operation: str) -> Iterator[dict[str, Any]]:
    """Yield each recorded answer of an EC2 operation as the SDK would return it."""
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as lines:
        for entry in csv.DictReader(lines, delimiter="\t"):
            wanted = (entry["cloud"], entry["operation"]) == ("aws", f"ec2.{operation}")
            if wanted and entry["kind"] in ("recorded", "sanitised"):
                answer = json.loads((FOLDER / entry["file"]).read_text(encoding="utf-8"))
                yield typed(
                    answer.get("data", answer), model().operation_model(operation).output_shape
                )


@cache
def model() -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model("ec2")


def typed(value: Any, shape: Any) -> Any:
    """Turn recorded instants into datetimes, following the API's own description."""
    kind = getattr(shape, "type_name", None)
    if isinstance(value, dict) and value.get("__class__") == "datetime":
        return datetime(**{k: v for k, v in value.items() if k in INSTANT}, tzinfo=UTC)
    if kind == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value)
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()  # NOTE: some sanitised files have true where the wire has text
    if isinstance(value, dict):
        members = getattr(shape, "members", {})
        return {key: typed(inner, members.get(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner, getattr(shape, "member", None)) for inner in value]
    return value


def check_row(table: ResourceTable, row: dict[str, Any]) -> None:
    """Every column is there, has the type it says, and the keys are not empty."""
    assert list(row.keys() - {c.name for c in table.columns}) == []
    assert list({c.name for c in table.columns} - row.keys()) == []
    for column in table.columns:
        value = row[column.name]
        if column.not_null:
            assert value, column.name
        if sql_type(column.type) == "JSON":
            json.dumps(value, default=str)
        else:
            try:
                got = pa.array([value], column.type).to_pylist()
            except pa.ArrowException as exc:
                raise AssertionError(f"{column.name}: {value!r}") from exc
            assert got == [value], column.name


def items_of(operation: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    _, key = LISTINGS[operation]
    found = answer.get(key) or []
    if operation == "DescribeInstances":
        return [raw for group in found for raw in group["Instances"]]
    return found


@pytest.mark.parametrize("operation", LISTINGS)
def test_listing(operation: str) -> None:
    table = TABLES[LISTINGS[operation][0]]
    items = rows = 0
    for answer in recorded(operation):
        found = items_of(operation, answer)
        made = [dict(table.transform(raw, SCOPE)) for raw in found]
        for row in made:
            check_row(table, row)
        # NOTE: some recordings repeat an item, so ids are compared with the provider's own.
        own = {json.dumps(raw, sort_keys=True, default=str) for raw in found}
        assert len({row["resource_id"] for row in made}) <= len(own)
        items, rows = items + len(found), rows + len(made)
    print(f"ec2.{operation}: {items} items in, {rows} rows out")
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


def atoms() -> Iterator[dict[str, Any]]:
    number = 0
    for answer in recorded("DescribeSecurityGroups"):
        for group in answer["SecurityGroups"]:
            for key, egress in (("IpPermissions", False), ("IpPermissionsEgress", True)):
                for permission in group.get(key) or ():
                    for peer in peers(permission):
                        number += 1
                        yield {
                            "SecurityGroupRuleId": f"sgr-{number:017x}",
                            "GroupId": group["GroupId"],
                            "GroupOwnerId": group["OwnerId"],
                            "IsEgress": egress,
                            "IpProtocol": permission["IpProtocol"],
                            "FromPort": permission.get("FromPort", -1),
                            "ToPort": permission.get("ToPort", -1),
                            **peer,
                        }


def peers(permission: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from ({"CidrIpv4": p["CidrIp"]} for p in permission.get("IpRanges") or ())
    yield from ({"CidrIpv6": p["CidrIpv6"]} for p in permission.get("Ipv6Ranges") or ())
    yield from ({"PrefixListId": p["PrefixListId"]} for p in permission.get("PrefixListIds") or ())
    yield from ({"ReferencedGroupInfo": p} for p in permission.get("UserIdGroupPairs") or ())


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
