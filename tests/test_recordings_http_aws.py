"""Recorded answers once more, now over HTTP: unchanged SDK, each table's own `fetch`, then rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from auditor.collect.aws.errors import SDK_ERRORS
from auditor.collect.aws.event_names import STEP_OF
from auditor.collect.aws.scope import AwsScope
from auditor.collect.aws.session import Account
from auditor.collect.catalog import all_tables
from auditor.errors import CollectError
from auditor.model import Scope
from tests.aws_login import opened, quick, use_environment
from tests.aws_recordings import atoms, check_row, files, model, recorded, skip_without_recordings
from tests.aws_stub import Params, Reply, Stub, error, identity, serve
from tests.aws_wire import reply

skip_without_recordings()

TABLES = {table.name: table for table in all_tables()}
Answers = Callable[[str, Params], "dict[str, Any] | None"]
"""(operation, parameters) -> what the SDK is to return, or None for an empty answer."""

LISTINGS = {
    "aws_autoscaling_groups": ("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups"),
    "aws_ec2_ebs_snapshots": ("ec2", "DescribeSnapshots", "Snapshots"),
    "aws_ec2_ebs_volumes": ("ec2", "DescribeVolumes", "Volumes"),
    "aws_ec2_eips": ("ec2", "DescribeAddresses", "Addresses"),
    "aws_ec2_flow_logs": ("ec2", "DescribeFlowLogs", "FlowLogs"),
    "aws_ec2_images": ("ec2", "DescribeImages", "Images"),
    "aws_ec2_instances": ("ec2", "DescribeInstances", "Reservations"),
    "aws_ec2_launch_template_versions": (
        "ec2",
        "DescribeLaunchTemplateVersions",
        "LaunchTemplateVersions",
    ),
    "aws_ec2_managed_prefix_lists": ("ec2", "DescribeManagedPrefixLists", "PrefixLists"),
    "aws_ec2_network_acls": ("ec2", "DescribeNetworkAcls", "NetworkAcls"),
    "aws_ec2_network_acl_entries": ("ec2", "DescribeNetworkAcls", "NetworkAcls"),
    "aws_ec2_network_interfaces": ("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces"),
    "aws_ec2_route_tables": ("ec2", "DescribeRouteTables", "RouteTables"),
    "aws_ec2_security_groups": ("ec2", "DescribeSecurityGroups", "SecurityGroups"),
    "aws_ec2_subnets": ("ec2", "DescribeSubnets", "Subnets"),
    "aws_ec2_vpcs": ("ec2", "DescribeVpcs", "Vpcs"),
    "aws_iam_instance_profiles": ("iam", "ListInstanceProfiles", "InstanceProfiles"),
}
INNER = {"aws_ec2_instances": "Instances", "aws_ec2_network_acl_entries": "Entries"}
"""Tables with a row for each thing inside of what is listed."""

SERVICES = ("ec2", "autoscaling", "iam", "cloudtrail")
SWITCHES = frozenset(["instance_attributes", "iam", "cloudtrail"])


class Replay:
    """A server that answers what it is told, and a login to it."""

    def __init__(self) -> None:
        self.answers: Answers = lambda operation, params: None
        self.failure: Reply | None = None
        self.account: Account | None = None

    def script(self, region: str, action: str, params: Params) -> Reply:
        if action == "GetCallerIdentity":
            return identity()
        if self.failure is not None:
            return self.failure
        service = next(s for s in SERVICES if action in model(s).operation_names)
        return reply(service, action, self.answers(action, params) or {})

    def rows(self, name: str, answers: Answers) -> list[dict[str, Any]]:
        """Read a table from scratch, and return its rows."""
        self.answers = answers
        table = TABLES[name]
        region = "us-east-1" if table.regional else "global"
        scope = Scope("aws", "111122223333", region)
        client = AwsScope(scope, self.account, quick(), wanted=SWITCHES)  # type: ignore[arg-type]
        made = [dict(table.transform(raw, scope)) for raw in table.fetch(client)]
        for row in made:
            check_row(table, row)
        return made


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    """One login for all recordings: making the clients is what takes time."""
    replay = Replay()
    with pytest.MonkeyPatch.context() as patch, serve(replay.script) as stub:
        use_environment(patch, tmp_path_factory.mktemp("aws"))
        patch.setattr("auditor.collect.aws.tables.cloudtrail_events.PAUSE", 0.0)
        replay.account = login(stub)
        yield replay


def login(stub: Stub) -> Account:
    return opened(stub, quick(), regions=["us-east-1"])


def inside(name: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    key = INNER.get(name)
    return [item for group in found for item in group.get(key) or ()] if key else found


def first_time(operation: str, answer: dict[str, Any]) -> Answers:
    """Answer one call of an operation, as if it were the only page; the rest is empty."""
    left = [{key: value for key, value in answer.items() if key not in ("NextToken", "Marker")}]
    return lambda action, params: left.pop() if action == operation and left else None


@pytest.mark.parametrize("name", LISTINGS)
def test_listing(replay: Replay, name: str) -> None:
    service, operation, key = LISTINGS[name]
    items = rows = repeated = 0
    for answer in recorded(operation, service):
        found = inside(name, answer.get(key) or [])
        got = replay.rows(name, first_time(operation, answer))
        items, rows = items + len(found), rows + len(got)
        if name == "aws_ec2_launch_template_versions":  # a version is read once, however it is used
            known = {(raw["LaunchTemplateId"], raw["VersionNumber"]) for raw in found}
            repeated += len(found) - len(known)
    print(f"{service}.{operation} -> {name}: {items} items in, {rows} rows out")
    assert rows == items - repeated > 0


def test_rules(replay: Replay) -> None:
    rules = list(atoms())
    rows = replay.rows(
        "aws_ec2_security_group_rules",
        first_time("DescribeSecurityGroupRules", {"SecurityGroupRules": rules}),
    )
    print(f"ec2.DescribeSecurityGroupRules (derived): {len(rules)} items in, {len(rows)} rows out")
    assert len(rows) == len(rules) > 0


ATTRIBUTES = {
    "DescribeSnapshotAttribute": ("aws_ec2_ebs_snapshots", "DescribeSnapshots", "Snapshots"),
    "DescribeImageAttribute": ("aws_ec2_images", "DescribeImages", "Images"),
    "GetManagedPrefixListEntries": (
        "aws_ec2_managed_prefix_lists",
        "DescribeManagedPrefixLists",
        "PrefixLists",
    ),
}
"""What is asked for each of the things that are listed."""


@pytest.mark.parametrize("operation", ATTRIBUTES)
def test_attribute(replay: Replay, operation: str) -> None:
    name, listing, key = ATTRIBUTES[operation]
    id_key = f"{key.removesuffix('s')}Id"
    items = rows = 0
    for answer in recorded(operation):
        owner = {id_key: answer.get(id_key) or "pl-0123"}
        both = {listing: {key: [owner]}, operation: answer}
        got = replay.rows(name, lambda action, params, both=both: both.pop(action, None))  # type: ignore[misc]
        items, rows = items + 1, rows + len(got)
    print(f"ec2.{operation} -> {name}: {items} items in, {rows} rows out")
    assert rows == items > 0


def test_instance_attributes(replay: Replay) -> None:
    items = rows = 0
    for answer in recorded("DescribeInstanceAttribute"):
        owner = {"InstanceId": answer["InstanceId"], "State": {"Name": "running"}}
        listed = {"Reservations": [{"Instances": [owner]}]}

        def answers(
            action: str, params: Params, listed: Any = listed, answer: Any = answer
        ) -> dict[str, Any] | None:
            if action == "DescribeInstances":
                return listed  # type: ignore[no-any-return]
            wanted = params["Attribute"][:1].upper() + params["Attribute"][1:]
            return {k: v for k, v in answer.items() if k in ("InstanceId", wanted)}

        (row,) = replay.rows("aws_ec2_instance_attributes", answers)
        secret = (answer.get("UserData") or {}).get("Value")
        assert bool(secret) == bool(row["user_data_sha256"])
        items, rows = items + 1, rows + 1
    print(f"ec2.DescribeInstanceAttribute: {items} items in, {rows} rows out")
    assert rows == items > 0


def test_regional_settings(replay: Replay) -> None:
    values = []
    for answer in recorded("GetEbsEncryptionByDefault"):
        (row,) = replay.rows(
            "aws_ec2_regional_settings", first_time("GetEbsEncryptionByDefault", answer)
        )
        assert row["ebs_encryption_by_default"] == answer["EbsEncryptionByDefault"]
        values.append(row["ebs_encryption_by_default"])
    print(f"ec2.GetEbsEncryptionByDefault: {len(values)} items in, {len(values)} rows out")
    assert values


def test_events(replay: Replay) -> None:
    """Pages of LookupEvents, each with the token of the next."""
    pages = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(files("cloudtrail.LookupEvents.stratus-red-team"))
    ]
    events = [event for page in pages for event in page["Events"]]
    wanted = [event for event in events if event["EventName"] in STEP_OF]
    left = [
        {"Events": [stamped(e) for e in page["Events"]], "NextToken": f"page-{number}"}
        for number, page in enumerate(pages, start=1)
    ]
    left[-1].pop("NextToken")
    rows = replay.rows("aws_cloudtrail_events", lambda action, params: left.pop(0))
    print(f"cloudtrail.LookupEvents: {len(events)} items in, {len(rows)} rows of {len(wanted)} out")
    assert left == []
    assert len(rows) == len(wanted) > 0


def stamped(event: dict[str, Any]) -> dict[str, Any]:
    """The wire has seconds since 1970."""
    return {**event, "EventTime": 1722375070}


@pytest.mark.parametrize("name", LISTINGS)
def test_recorded_errors_are_no_empty_answers(replay: Replay, name: str) -> None:
    service, operation, _ = LISTINGS[name]
    for path in files(f"{service}.{operation}", "recorded-error"):
        answer = json.loads(path.read_text(encoding="utf-8"))
        code = answer["data"]["Error"]["Code"]
        replay.failure = error(code, answer["status_code"])
        try:
            with pytest.raises((CollectError, *SDK_ERRORS), match=code):
                replay.rows(name, lambda action, params: None)
        finally:
            replay.failure = None
        print(f"{service}.{operation}: {code} raised")
