"""Recorded answers of AWS, from outside the repository, as the SDK would return them.

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

from auditor.collect.table import ResourceTable, sql_type

FOLDER = Path(
    os.environ.get("AUDITOR_RECORDINGS", Path(__file__).parents[2] / "shared" / "recordings")
)
INSTANT = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def skip_without_recordings() -> None:
    if not (FOLDER / "manifest.tsv").exists() and not os.environ.get("CI"):
        pytest.skip(
            "no recordings; set AUDITOR_RECORDINGS to their folder", allow_module_level=True
        )


def files(operation: str, *kinds: str) -> Iterator[Path]:
    """Yield the recordings of an AWS operation, such as `ec2.DescribeVpcs`."""
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as lines:
        for entry in csv.DictReader(lines, delimiter="\t"):
            wanted = (entry["cloud"], entry["operation"]) == ("aws", operation)
            if wanted and (not kinds or entry["kind"] in kinds):
                yield FOLDER / entry["file"]


def recorded(operation: str, service: str = "ec2") -> Iterator[dict[str, Any]]:
    """Yield each recorded answer of an operation as the SDK would return it."""
    for path in files(f"{service}.{operation}", "recorded", "sanitised"):
        answer = json.loads(path.read_text(encoding="utf-8"))
        shape = model(service).operation_model(operation).output_shape
        yield typed(answer.get("data", answer), shape)


@cache
def model(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


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


def atoms() -> Iterator[dict[str, Any]]:
    """Yield the permissions of recorded groups as DescribeSecurityGroupRules lists them."""
    number = 0
    for answer in recorded("DescribeSecurityGroups"):
        for group in answer["SecurityGroups"]:
            for rule in atoms_of(group):
                number += 1
                yield {"SecurityGroupRuleId": f"sgr-{number:017x}", **rule}


def atoms_of(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the permissions of one group without ids of their own."""
    for key, egress in (("IpPermissions", False), ("IpPermissionsEgress", True)):
        for permission in group.get(key) or ():
            for peer in peers(permission):
                yield {
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
