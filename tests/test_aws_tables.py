"""What single tables ask for: filters, page tokens, versions in use, switches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.collect.aws.events import record_of, resource_ids, without_secrets
from auditor.collect.aws.scope import AwsScope
from auditor.collect.catalog import all_tables
from auditor.collect.permissions import required
from auditor.config import Config
from auditor.errors import CollectError
from auditor.model import Status
from tests.aws_login import opened, quick, use_environment
from tests.aws_stub import Params, Reply, Stub, error, identity, result, serve
from tests.aws_wire import reply

TABLES = {table.name: table for table in all_tables()}
Start = Callable[..., tuple[AwsScope, Stub]]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_environment(monkeypatch, tmp_path)
    monkeypatch.setattr("auditor.collect.aws.tables.cloudtrail_events.PAUSE", 0.01)


@pytest.fixture
def start() -> Iterator[Start]:
    """Serve a script; returns the scope of its one region, or of the account, and the server."""
    running = []

    def begin(script: Any, *, regional: bool = True, **aws: Any) -> tuple[AwsScope, Stub]:
        def with_identity(region: str, action: str, params: Params) -> Reply:
            return identity() if action == "GetCallerIdentity" else script(region, action, params)

        server = serve(with_identity)
        stub = server.__enter__()
        running.append(server)
        return opened(stub, quick(), **aws).scopes(regional=regional)[0], stub

    yield begin
    for server in running:
        server.__exit__(None, None, None)


def version(template: str, number: int, **more: Any) -> dict[str, Any]:
    return {"LaunchTemplateId": template, "VersionNumber": number, "LaunchTemplateData": {}, **more}


def test_versions_that_groups_name_are_read_once(start: Start) -> None:
    asked = []

    def script(region: str, action: str, params: Params) -> Reply:
        if action == "DescribeAutoScalingGroups":
            specs = [("lt-1", "3"), ("lt-1", "1"), ("lt-2", "$Latest"), ("lt-9", "1")]
            groups = [
                {"LaunchTemplate": {"LaunchTemplateId": i, "Version": v}, "AutoScalingGroupName": i}
                for i, v in specs
            ]
            return reply("autoscaling", action, {"AutoScalingGroups": groups})
        template = params.get("LaunchTemplateId")
        if template is None:
            assert params["LaunchTemplateVersion.1"] == "$Default"
            assert params["LaunchTemplateVersion.2"] == "$Latest"
            found = [
                version("lt-1", 3, DefaultVersion=True),
                version("lt-1", 3),
                version("lt-2", 1),
            ]
            return reply("ec2", action, {"LaunchTemplateVersions": found})
        asked.append((template, params["LaunchTemplateVersion.1"]))
        if template == "lt-9":
            return error("InvalidLaunchTemplateId.NotFound")
        return reply("ec2", action, {"LaunchTemplateVersions": [version(template, 1)]})

    scope, _ = start(script)
    found = list(TABLES["aws_ec2_launch_template_versions"].fetch(scope))
    assert [(r["LaunchTemplateId"], r["VersionNumber"]) for r in found] == [
        ("lt-1", 3), ("lt-2", 1), ("lt-1", 1),
    ]  # fmt: skip
    assert sorted(asked) == [("lt-1", "1"), ("lt-9", "1")]


def test_entries_of_prefix_lists_are_read_to_the_last_page(start: Start) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        if action == "DescribeManagedPrefixLists":
            lists = [{"PrefixListId": "pl-1"}, {"PrefixListId": "pl-gone"}]
            return reply("ec2", action, {"PrefixLists": lists})
        if params["PrefixListId"] == "pl-gone":
            return error("InvalidPrefixListID.NotFound")
        page = int(params.get("NextToken", "0"))
        answer: dict[str, Any] = {"Entries": [{"Cidr": f"10.{page}.0.0/16"}]}
        return reply("ec2", action, answer | ({"NextToken": str(page + 1)} if page < 2 else {}))

    scope, _ = start(script)
    (raw,) = TABLES["aws_ec2_managed_prefix_lists"].fetch(scope)
    assert [e["Cidr"] for e in raw["Entries"]] == ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"]


def test_instance_profiles_page_by_marker(start: Start) -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}

    def script(region: str, action: str, params: Params) -> Reply:
        if action == "ListAttachedRolePolicies":
            return reply("iam", action, {"AttachedPolicies": [{"PolicyArn": "arn:p"}]})
        second = params.get("Marker") == "m"
        if action == "ListRolePolicies":
            answer: dict[str, Any] = {"PolicyNames": ["b" if second else "a"]}
        else:
            role = {"RoleName": "r", "Arn": "arn:r", "AssumeRolePolicyDocument": policy}
            name = "two" if second else "one"
            answer = {"InstanceProfiles": [{"Arn": f"arn:{name}", "Roles": [role]}]}
        more = {} if second else {"Marker": "m", "IsTruncated": True}
        return reply("iam", action, answer | more)

    scope, stub = start(script, regional=False, iam=True)
    table = TABLES["aws_iam_instance_profiles"]
    rows = [dict(table.transform(raw, scope.scope)) for raw in table.fetch(scope)]
    assert [(row["resource_id"], row["region"]) for row in rows] == [
        ("arn:one", "global"), ("arn:two", "global"),
    ]  # fmt: skip
    assert rows[0]["inline_policy_names"] == ["a", "b"]
    assert rows[0]["attached_policy_arns"] == ["arn:p"]
    assert len(rows[0]["trust_policy_sha256"]) == 1
    assert sum(n for (_, name), n in stub.calls.items() if name == "ListRolePolicies") == 2


def test_events_are_asked_for_since_the_last_reading(start: Start) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        assert action == "LookupEvents"
        return reply("cloudtrail", action, {"Events": [{"EventName": "DescribeVpcs"}]})

    scope, _ = start(script, cloudtrail=True)
    sent: list[dict[str, Any]] = []
    pages = scope.pages

    def spy(*args: Any, **params: Any) -> Iterator[Any]:
        sent.append(params)
        return pages(*args, **params)

    scope.pages = spy  # type: ignore[method-assign]
    assert list(TABLES["aws_cloudtrail_events"].fetch(scope)) == []
    assert sent[0]["LookupAttributes"] == [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]
    assert timedelta(hours=23) < datetime.now(UTC) - sent[0]["StartTime"] < timedelta(hours=25)


@pytest.mark.parametrize(
    ("name", "key"), [("aws_iam_instance_profiles", "iam"), ("aws_cloudtrail_events", "cloudtrail")]
)
def test_switched_off_unless_asked_for(start: Start, name: str, key: str) -> None:
    scope, _ = start(lambda *_: result("x", ""))
    with pytest.raises(CollectError) as caught:
        list(TABLES[name].fetch(scope))
    assert caught.value.status == Status.SKIPPED
    assert key in str(caught.value.hint)
    needed = TABLES[name].permissions[0]
    assert needed not in required(Config.model_validate({"aws": {"regions": ["x"]}}), "aws")
    on = Config.model_validate({"aws": {"regions": ["x"], key: True}})
    assert needed in required(on, "aws")


def test_an_event_that_is_no_json_is_an_error_without_its_text() -> None:
    for text in ("{secret", '["secret"]'):
        with pytest.raises(CollectError) as caught:
            record_of({"EventName": "RunInstances", "CloudTrailEvent": text})
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_secrets_of_events_are_hashed_once() -> None:
    record = {
        "requestParameters": {
            "userData": {"value": "hello"},
            "CreateLaunchTemplateVersionRequest": {"LaunchTemplateData": {"UserData": "hello"}},
            "sSHPublicKey": "ssh-rsa hello",
            "tagSet": {"items": [{"key": "token", "value": "hello"}]},
            "keyName": "kept",
        },
        "responseElements": {"userData": "<sensitiveDataRemoved>"},
        "errorMessage": "no. Encoded authorization failure message: hello",
    }
    once = without_secrets(record)
    assert "hello" not in str(once) and "kept" in str(once) and "Removed" in str(once)
    assert without_secrets(once) == once


def test_ids_are_found_in_both_shapes_of_requests() -> None:
    old = {"requestParameters": {"groupSet": {"items": [{"groupId": "sg-0123456789abcdef0"}]}}}
    new = {"requestParameters": {"XRequest": {"GroupId": "sg-0123456789abcdef0"}}}
    arn = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"
    assert resource_ids(old) == resource_ids(new) == ["sg-0123456789abcdef0"]
    assert resource_ids({"resources": [{"ARN": arn}]}) == ["i-0123456789abcdef0"]
    assert resource_ids({"requestParameters": {"description": "see i-0123456789abcdef0"}}) == []
