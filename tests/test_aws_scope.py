"""Calls in one AWS account and region: pages, retries, budgets, calls per resource."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as sdk

from auditor.collect.aws.session import AwsScope
from auditor.collect.catalog import all_tables
from auditor.collect.context import CollectContext
from auditor.errors import CollectError
from auditor.model import Status
from tests.aws_login import opened, quick, use_environment
from tests.aws_stub import Params, Reply, Script, Stub, error, identity, items, result, serve

TABLES = {table.name: table for table in all_tables()}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_environment(monkeypatch, tmp_path)


@pytest.fixture
def context() -> CollectContext:
    return quick()


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
