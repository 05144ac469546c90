"""Logging in to AWS, paging, retries and what errors mean, against a scripted loopback server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_stub import Params, Reply, Script, Stub, error, identity, items, result, serve
from botocore import exceptions as sdk
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError

from auditor.collect.aws.retry import RETRIED
from auditor.collect.aws.session import Account, AwsScope, accounts, classify
from auditor.collect.catalog import all_tables
from auditor.collect.context import CollectContext
from auditor.config import Config
from auditor.errors import CollectError
from auditor.model import Status

ACCOUNT = "111122223333"
TABLES = {table.name: table for table in all_tables()}


@cache
def shared_loader() -> Any:
    return create_loader()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # NOTE: reading the service models and waiting is most of what these tests would do.
    monkeypatch.setattr("auditor.collect.aws.session.create_loader", shared_loader)
    monkeypatch.setitem(RETRIED, "throttled", 0.02)


@pytest.fixture
def context() -> CollectContext:
    return quick()


def quick(seconds: float = 60.0, attempts: int = 3) -> CollectContext:
    return CollectContext(
        deadline=time.monotonic() + seconds,
        connect_timeout=2.0,
        read_timeout=2.0,
        max_attempts=attempts,
    )


def config(stub: Stub, **aws: Any) -> Config:
    aws.setdefault("regions", ["eu-west-1"])
    return Config.model_validate({"aws": {"endpoint_url": stub.url, **aws}})


def opened(stub: Stub, context: CollectContext, **aws: Any) -> Account:
    (account,) = accounts(config(stub, **aws), context)
    account.open()
    return account


@pytest.fixture
def scope_of(context: CollectContext) -> Iterator[Callable[[Script], tuple[AwsScope, Stub]]]:
    """Start a server for a script and log in to its one account and region."""
    running = []

    def start(script: Script) -> tuple[AwsScope, Stub]:
        def with_identity(region: str, action: str, params: Params) -> Reply:
            return identity() if action == "GetCallerIdentity" else script(region, action, params)

        server = serve(with_identity)
        stub = server.__enter__()
        running.append(server)
        return opened(stub, context).scopes(regional=True)[0], stub

    yield start
    for server in running:
        server.__exit__(None, None, None)


def volumes(*ids: str, token: str | None = None) -> Reply:
    return items("DescribeVolumes", "volumeSet", list(ids), "volumeId", token)


# What errors mean


def client_error(code: str, status: int = 400) -> sdk.ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "AccessDenied Throttling secret body"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    return sdk.ClientError(answer, "DescribeVolumes")


def named(value: object) -> str:
    if isinstance(value, sdk.ClientError):
        return str(value.response["Error"]["Code"])
    return type(value).__name__ if isinstance(value, Exception) else str(value)


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        (client_error("UnauthorizedOperation", 403), "denied", "denied"),
        (client_error("AccessDenied", 403), "denied", "denied"),
        (client_error("AccessDeniedException"), "denied", "denied"),
        (client_error("SomethingNew", 403), "denied", "denied"),
        (client_error("AuthFailure", 401), "denied", "credentials"),
        (client_error("InvalidClientTokenId", 403), "denied", "credentials"),
        (client_error("UnrecognizedClientException"), "denied", "credentials"),
        (client_error("ExpiredToken", 403), "denied", "credentials"),
        (client_error("RequestExpired"), "denied", "credentials"),
        (sdk.NoCredentialsError(), "denied", "credentials"),
        (sdk.ProfileNotFound(profile="prod"), "denied", "credentials"),
        (sdk.TokenRetrievalError(provider="sso", error_msg="x"), "denied", "credentials"),
        (sdk.UnauthorizedSSOTokenError(), "denied", "credentials"),
        (sdk.CredentialRetrievalError(provider="p", error_msg="x"), "denied", "credentials"),
        (client_error("RequestLimitExceeded", 503), "throttled", "throttled"),
        (client_error("Throttling"), "throttled", "throttled"),
        (client_error("ThrottlingException"), "throttled", "throttled"),
        (client_error("TooManyRequestsException", 429), "throttled", "throttled"),
        (client_error("RequestThrottled"), "throttled", "throttled"),
        (client_error("SomethingNew", 429), "throttled", "throttled"),
        (client_error("Unavailable", 503), "failed", "unavailable"),
        (client_error("ServiceUnavailable", 503), "failed", "unavailable"),
        (client_error("SomethingNew", 500), "failed", "unavailable"),
        (sdk.EndpointConnectionError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.ConnectTimeoutError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.ReadTimeoutError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.ConnectionClosedError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.SSLError(endpoint_url="https://e", error=OSError()), "failed", "unavailable"),
        (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), "failed", "unavailable"),
        (ResponseParserError("secret body"), "failed", "malformed"),
        (sdk.PaginationError(message="same token"), "failed", "malformed"),
        (client_error("OptInRequired", 401), "disabled", "disabled"),
        (client_error("InvalidRegion"), "disabled", "disabled"),
    ],
    ids=named,
)
def test_classify(failure: Exception, status: str, kind: str) -> None:
    found = classify(failure, "profile prod", operation="DescribeVolumes")
    assert found is not None
    assert (found.status, found.kind) == (status, kind)
    assert "secret body" not in found.diagnostics()
    if kind == "credentials":
        assert "profile prod" in (found.hint or "")
    assert found.message.startswith("DescribeVolumes: ")
    if isinstance(failure, sdk.ClientError):
        assert "r-1" in found.message
    if getattr(failure, "kwargs", {}).get("endpoint_url"):
        assert "https://e" in found.message


def test_classify_leaves_unknown_errors_alone() -> None:
    assert classify(client_error("InvalidParameterValue")) is None
    assert classify(ValueError("AccessDenied")) is None


# Accounts


def test_default_account_lists_enabled_regions(context: CollectContext) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        if action == "GetCallerIdentity":
            return identity()
        assert action == "DescribeRegions" and "AllRegions" not in params
        return items(action, "regionInfo", ["us-east-1", "eu-west-1"], "regionName")

    with serve(script) as stub:
        account = opened(stub, context, regions=[])
        assert account.label == "default credentials" and account.account_id == ACCOUNT
        found = account.scopes(regional=True)
        assert [s.id() for s in found] == [f"aws/{ACCOUNT}/eu-west-1", f"aws/{ACCOUNT}/us-east-1"]
        assert account.scopes(regional=True) == found, "the same scopes, and so the same budget"
        assert [s.id() for s in account.scopes(regional=False)] == [f"aws/{ACCOUNT}/global"]
        assert all("cloud-baseline-auditor/" in agent for agent in stub.agents)


def test_another_account_than_configured_is_refused(context: CollectContext) -> None:
    with serve(lambda *_: identity("999900001111")) as stub:
        (account,) = accounts(config(stub, accounts=[{"id": ACCOUNT}]), context)
        assert (account.label, account.account_id) == (ACCOUNT, ACCOUNT)
        with pytest.raises(CollectError, match="999900001111") as caught:
            account.open()
    assert (caught.value.status, caught.value.kind) == (Status.DENIED, "credentials")


def test_missing_profile_is_told_at_open(context: CollectContext) -> None:
    with serve(lambda *_: identity()) as stub:
        (account,) = accounts(config(stub, accounts=[{"profile": "prod"}]), context)
        with pytest.raises(CollectError) as caught:
            account.open()
    assert caught.value.kind == "credentials" and "profile prod" in (caught.value.hint or "")


def assumed(params: Params) -> Reply:
    number = params["RoleArn"].split(":")[4]
    keys = f"<AccessKeyId>AKID{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    inner = f"<Credentials>{keys}<SessionToken>t</SessionToken>"
    inner += "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>"
    return 200, (
        f"<AssumeRoleResponse><AssumeRoleResult>{inner}</AssumeRoleResult></AssumeRoleResponse>"
    )


def test_role_is_assumed_with_external_id(context: CollectContext) -> None:
    asked: list[Params] = []

    def script(region: str, action: str, params: Params) -> Reply:
        asked.append(params)
        return assumed(params) if action == "AssumeRole" else identity()

    role = {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/audit", "external_id": "e-1"}
    with serve(script) as stub:
        account = opened(stub, context, accounts=[role])
    assert account.label == f"role arn:aws:iam::{ACCOUNT}:role/audit"
    assert [p["Action"] for p in asked] == ["AssumeRole", "GetCallerIdentity"]
    assert asked[0]["ExternalId"] == "e-1"


def test_denied_role_names_the_role(context: CollectContext) -> None:
    with serve(lambda *_: error("AccessDenied", 403)) as stub:
        role = {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/audit"}
        with pytest.raises(CollectError) as caught:
            opened(stub, context, accounts=[role])
    assert caught.value.kind == "denied" and "role/audit" in (caught.value.hint or "")
    assert "AssumeRole" in caught.value.message


def test_organization(context: CollectContext) -> None:
    rows = [("111122223333", "ACTIVE"), ("222233334444", "ACTIVE"), ("333344445555", "SUSPENDED")]
    rows.append(("444455556666", "ACTIVE"))
    json_rows = ",".join(
        f'{{"Id":"{n}","Status":"{s}","Arn":"arn:aws-us-gov:organizations::1:account/o/{n}"}}'
        for n, s in rows
    )

    def script(region: str, action: str, params: Params) -> Reply:
        return (
            identity() if action == "GetCallerIdentity" else (200, f'{{"Accounts":[{json_rows}]}}')
        )

    organization = {"role_name": "audit", "external_id": "e", "skip_accounts": ["444455556666"]}
    with serve(script) as stub:
        found = accounts(config(stub, organization=organization), context)
    assert [a.account_id for a in found] == ["111122223333", "222233334444"]
    assert found[0]._entry.role_arn is None
    assert found[1]._entry.role_arn == "arn:aws-us-gov:iam::222233334444:role/audit"


# Pages and retries


def test_pages_until_there_is_no_token(scope_of: Any) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        page = int(params.get("NextToken", "0"))
        return volumes(f"vol-{page}", token=str(page + 1) if page < 4 else None)

    scope, _ = scope_of(script)
    found = [v["VolumeId"] for v in scope.pages("DescribeVolumes", "Volumes")]
    assert found == [f"vol-{n}" for n in range(5)]


def test_repeated_token_is_truncated(scope_of: Any) -> None:
    scope, stub = scope_of(lambda *_: volumes("vol-1", token="same"))
    with pytest.raises(CollectError) as caught:
        list(scope.pages("DescribeVolumes", "Volumes"))
    assert (caught.value.status, caught.value.kind) == (Status.TRUNCATED, "malformed")
    assert stub.calls["eu-west-1", "DescribeVolumes"] == 2


@pytest.mark.parametrize("fault", [error("RequestLimitExceeded", 503), (-1, volumes("v" * 99)[1])])
def test_one_fault_is_retried(scope_of: Any, context: CollectContext, fault: Reply) -> None:
    faults = [fault]
    scope, _ = scope_of(lambda *_: faults.pop() if faults else volumes("vol-1"))
    assert len(list(scope.pages("DescribeVolumes", "Volumes"))) == 1
    assert context.throttles == (1 if fault[0] == 503 else 0)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (error("RequestLimitExceeded", 503), "throttled"),
        (error("Unavailable", 503), "unavailable"),
        ((200, "<html>no"), "malformed"),
    ],
)
def test_budget_is_spent_once_and_refilled(scope_of: Any, fault: Reply, kind: str) -> None:
    broken = [True]
    scope, stub = scope_of(lambda *_: fault if broken[0] else volumes("vol-1"))
    for _ in range(3):
        with pytest.raises(CollectError) as caught:
            scope.call("DescribeVolumes")
        assert caught.value.kind == kind
    assert stub.calls["eu-west-1", "DescribeVolumes"] == 3 + 1 + 1
    broken[0] = False
    scope.call("DescribeVolumes")
    broken[0] = True
    with pytest.raises(CollectError):
        scope.call("DescribeVolumes")
    assert stub.calls["eu-west-1", "DescribeVolumes"] == 5 + 1 + 3


def test_denied_is_not_retried(scope_of: Any) -> None:
    scope, stub = scope_of(lambda *_: error("UnauthorizedOperation", 403))
    with pytest.raises(CollectError):
        scope.call("DescribeVolumes")
    assert stub.calls["eu-west-1", "DescribeVolumes"] == 1


def test_unknown_error_stays_the_sdks_own(scope_of: Any) -> None:
    scope, _ = scope_of(lambda *_: error("InvalidParameterValue"))
    with pytest.raises(sdk.ClientError):
        scope.call("DescribeVolumes")


def test_nobody_listening_is_unavailable(context: CollectContext) -> None:
    with serve(lambda *_: identity()) as stub:
        account = opened(stub, context)
    with pytest.raises(CollectError) as caught:
        account.scopes(regional=True)[0].call("DescribeVolumes")
    assert caught.value.kind == "unavailable" and stub.url in caught.value.message


def test_deadline_and_stop() -> None:
    with serve(lambda *_: identity()) as stub:
        late = quick()
        scope = opened(stub, late).scopes(regional=True)[0]
        late.deadline = time.monotonic() - 1
        with pytest.raises(CollectError, match="deadline") as caught:
            scope.call("DescribeVolumes")
        assert (caught.value.status, caught.value.kind) == (Status.FAILED, "deadline")
        assert stub.calls["eu-west-1", "DescribeVolumes"] == 0
    stopped = quick()
    timer = threading.Timer(0.05, stopped.stop)
    timer.start()
    begun = time.monotonic()
    stopped.sleep(30)
    assert time.monotonic() - begun < 5
    with pytest.raises(CollectError, match="stopped"):
        stopped.check()
    timer.join()


def test_sleep_ends_at_the_deadline() -> None:
    begun = time.monotonic()
    quick(seconds=0.05).sleep(30)
    assert time.monotonic() - begun < 5


# Calls per resource


def attribute(params: Params) -> Reply:
    inner = f"<snapshotId>{params['SnapshotId']}</snapshotId><createVolumePermission/>"
    return result("DescribeSnapshotAttribute", inner)


def test_call_each_keeps_order_and_leaves_out_the_vanished(scope_of: Any) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        if params["SnapshotId"] == "snap-3":
            return error("InvalidSnapshot.NotFound")
        time.sleep(0.02 if params["SnapshotId"] == "snap-0" else 0)
        return attribute(params)

    scope, _ = scope_of(script)
    calls = [{"SnapshotId": f"snap-{n}", "Attribute": "createVolumePermission"} for n in range(40)]
    answers = scope.call_each(
        "DescribeSnapshotAttribute", calls, gone=("InvalidSnapshot.NotFound",)
    )
    found = [answer and answer["SnapshotId"] for answer in answers]
    assert found == [None if n == 3 else f"snap-{n}" for n in range(40)]


def test_call_each_stops_at_the_first_error(scope_of: Any) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        time.sleep(0.01)
        return error("UnauthorizedOperation", 403)

    scope, stub = scope_of(script)
    calls = [{"SnapshotId": f"s-{n}", "Attribute": "createVolumePermission"} for n in range(500)]
    with pytest.raises(CollectError):
        list(scope.call_each("DescribeSnapshotAttribute", calls))
    assert stub.calls["eu-west-1", "DescribeSnapshotAttribute"] < 50


INSTANCES = result(
    "DescribeInstances",
    "<reservationSet><item><instancesSet>"
    "<item><instanceId>i-1</instanceId><imageId>ami-1</imageId>"
    "<instanceState><name>running</name></instanceState></item>"
    "<item><instanceId>i-2</instanceId><imageId>ami-2</imageId>"
    "<instanceState><name>terminated</name></instanceState></item>"
    "</instancesSet></item></reservationSet>",
)


def test_instance_index_is_listed_once(scope_of: Any) -> None:
    def script(*_: Any) -> Reply:
        time.sleep(0.05)
        return INSTANCES

    scope, stub = scope_of(script)
    threads = [threading.Thread(target=scope.instance_index) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ref.exists for ref in scope.instance_index()] == [True, False]
    assert stub.calls["eu-west-1", "DescribeInstances"] == 1


def test_failed_instance_index_fails_every_table(scope_of: Any) -> None:
    scope, stub = scope_of(lambda *_: error("UnauthorizedOperation", 403))
    for name in ("aws_ec2_images", "aws_ec2_instance_attributes"):
        with pytest.raises(CollectError):
            list(TABLES[name].fetch(scope))
    assert stub.calls["eu-west-1", "DescribeInstances"] == 1


def test_user_data_never_leaves_the_fetch(scope_of: Any) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        if action == "DescribeInstances":
            return INSTANCES
        name = params["Attribute"]
        value = "c2VjcmV0" if name == "userData" else "true"
        inner = f"<instanceId>i-1</instanceId><{name}><value>{value}</value></{name}>"
        return result(action, inner)

    scope, stub = scope_of(script)
    (raw,) = TABLES["aws_ec2_instance_attributes"].fetch(scope)
    assert "c2VjcmV0" not in str(raw) and "secret" not in str(raw)
    assert raw["UserData"]["Length"] == 6 and raw["DisableApiStop"] == {"Value": True}
    assert stub.calls["eu-west-1", "DescribeInstanceAttribute"] == 4


def test_instance_attributes_can_be_switched_off(context: CollectContext) -> None:
    with serve(lambda *_: identity()) as stub:
        scope = opened(stub, context, instance_attributes=False).scopes(regional=True)[0]
        with pytest.raises(CollectError) as caught:
            list(TABLES["aws_ec2_instance_attributes"].fetch(scope))
    assert caught.value.status == Status.SKIPPED


def test_regional_settings_fail_as_a_whole(scope_of: Any) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        if action == "GetAllowedImagesSettings":
            return error("UnauthorizedOperation", 403)
        return result(action, "")

    scope, _ = scope_of(script)
    with pytest.raises(CollectError, match="GetAllowedImagesSettings"):
        list(TABLES["aws_ec2_regional_settings"].fetch(scope))
