"""Calls in one Google Cloud project: pages, gaps, retries, budgets, calls per resource."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from auditor.collect.gcp.scope import GcpScope
from auditor.errors import CollectError
from auditor.model import Status
from tests.gcp_stub import (
    Query,
    Reply,
    Script,
    Stub,
    failure,
    opened,
    quick,
    serve,
    use_environment,
)
from tests.harness import TABLES

FIREWALLS = "/compute/v1/projects/demo/global/firewalls"
INSTANCES = "/compute/v1/projects/demo/aggregated/instances"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(monkeypatch)


@pytest.fixture
def scope_of() -> Iterator[Callable[..., tuple[GcpScope, Stub]]]:
    """Start a server for a script and log in to its one project."""
    running = []

    def start(script: Script, context: Any = None) -> tuple[GcpScope, Stub]:
        server = serve(script)
        stub = server.__enter__()
        account, scope = opened(stub, context or quick())
        running.append((server, account))
        return scope, stub

    yield start
    for server, account in running:
        account.close()
        server.__exit__(None, None, None)


def test_pages_until_there_is_no_token(scope_of: Any) -> None:
    def script(path: str, query: Query) -> Reply:
        assert query["maxResults"] == "500"
        page = int(query.get("pageToken", "0"))
        items = [] if page == 1 else [{"name": str(page)}]  # NOTE: an empty page goes on
        return 200, {"items": items, **({"nextPageToken": str(page + 1)} if page < 3 else {})}

    scope, stub = scope_of(script)
    assert [raw["name"] for raw in scope.pages("global/firewalls")] == ["0", "2", "3"]
    assert stub.calls == {FIREWALLS: 4}
    assert all("authorization" not in headers for headers in stub.headers)


def test_a_repeated_token_is_truncated(scope_of: Any) -> None:
    scope, _ = scope_of(lambda path, query: (200, {"items": [1], "nextPageToken": "same"}))
    read: list[Any] = []
    with pytest.raises(CollectError) as error:
        read.extend(scope.pages("global/firewalls"))
    assert (error.value.status, read) == (Status.TRUNCATED, [1, 1])


def test_aggregated_yields_all_zones(scope_of: Any) -> None:
    empty = {"warning": {"code": "NO_RESULTS_ON_PAGE"}}
    first = {"zones/a": {"instances": [{"name": "1", "zone": "x"}]}, "zones/b": empty}
    pages = [{"items": first, "nextPageToken": "t"}, {}, {"items": {"zones/c": {"instances": [2]}}}]
    pages[1]["nextPageToken"] = "u"
    answers = iter(pages)
    scope, stub = scope_of(lambda path, query: (200, next(answers)))
    assert list(scope.aggregated("instances", "instances")) == [{"name": "1", "zone": "x"}, 2]
    assert stub.calls == {INSTANCES: 3}


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"items": {"zones/a": {"warning": {"code": "UNREACHABLE"}}}}, "zones/a (UNREACHABLE)"),
        ({"items": {}, "unreachables": ["zones/b"]}, "zones/b"),
        ({"items": {}, "unreachable": ["zones/c"]}, "zones/c"),
        ({"items": {}, "warning": {"code": "PARTIAL_SUCCESS"}}, "PARTIAL_SUCCESS"),
        ({"items": {"zones/d": {"warning": {}}}}, "zones/d"),
    ],
)
def test_what_is_left_out_makes_a_listing_partial(scope_of: Any, answer: Any, named: str) -> None:
    answer["items"]["zones/x"] = {"instances": [{"name": "kept"}]}
    answer["nextPageToken"] = "t"
    last = {"items": {"zones/y": {"instances": [{"name": "after"}]}}}
    scope, _ = scope_of(lambda path, query: (200, last if "pageToken" in query else answer))
    read: list[Any] = []
    with pytest.raises(CollectError) as error:
        read.extend(raw["name"] for raw in scope.aggregated("instances", "instances"))
    assert read == ["kept", "after"]
    assert (error.value.status, error.value.kind) == (Status.FAILED, "partial")
    assert named in error.value.message


def test_a_plain_listing_can_be_partial_too(scope_of: Any) -> None:
    body = {"items": [1], "warning": {"code": "PARTIAL_SUCCESS", "message": "secret"}}
    scope, _ = scope_of(lambda path, query: (200, body))
    with pytest.raises(CollectError, match="PARTIAL_SUCCESS"):
        list(scope.pages("global/routes"))


@pytest.mark.parametrize(
    "fault",
    [
        failure(429, "rateLimitExceeded"),
        failure(403, "rateLimitExceeded"),
        failure(403, "userRateLimitExceeded"),
        failure(403, "quotaExceeded"),
        failure(503, "backendError"),
        (502, "<html>bad gateway</html>"),
        ("drop", ""),
        ("cut", {"items": [1, 2, 3]}),
        ("garbage", {"items": [1, 2, 3]}),
        (200, "[1, 2"),
        (200, "[]"),
        ("stall", {"items": [1, 2, 3]}),
    ],
    ids=str,
)
def test_faults_are_retried(scope_of: Any, fault: Reply) -> None:
    replies = iter([fault, fault, (200, {"items": [{"name": "x"}]})])
    scope, stub = scope_of(lambda path, query: next(replies), quick(read=0.3))
    assert [raw["name"] for raw in scope.pages("global/firewalls")] == ["x"]
    assert stub.calls[FIREWALLS] == 3


@pytest.mark.parametrize(
    ("fault", "status", "kind", "calls"),
    [
        (failure(429, "rateLimitExceeded"), "throttled", "throttled", 3),
        (failure(503, "backendError"), "failed", "unavailable", 3),
        (("drop", ""), "failed", "unavailable", 3),
        (("cut", {"items": [1, 2]}), "failed", "malformed", 3),
        ((200, "<html>"), "failed", "malformed", 3),
        (failure(403, "forbidden"), "denied", "denied", 1),
        (failure(403, "accessNotConfigured"), "disabled", "disabled", 1),
        (failure(404, "notFound"), "disabled", "disabled", 1),
        (failure(401, "authError"), "denied", "credentials", 1),
        (failure(400, "invalid"), "failed", "refused", 1),
    ],
    ids=str,
)
def test_faults_that_stay_are_raised(
    scope_of: Any, fault: Reply, status: str, kind: str, calls: int
) -> None:
    scope, stub = scope_of(lambda path, query: fault)
    with pytest.raises(CollectError) as error:
        list(scope.pages("global/firewalls"))
    assert (error.value.status, error.value.kind) == (status, kind)
    assert stub.calls[FIREWALLS] == calls
    assert "secret body" not in error.value.diagnostics()


def test_after_one_call_has_used_up_its_tries_others_try_once(scope_of: Any) -> None:
    healthy = False

    def script(path: str, query: Query) -> Reply:
        return (200, {"name": "x"}) if healthy else failure(429, "rateLimitExceeded")

    context = quick()
    scope, stub = scope_of(script, context)
    for name, calls in (("a", 3), ("b", 1), ("c", 1)):
        with pytest.raises(CollectError):
            scope.get(name)
        assert stub.calls[f"/compute/v1/projects/demo/{name}"] == calls
    assert context.throttles == 5
    healthy = True
    assert scope.get("d") == {"name": "x"}
    healthy = False
    with pytest.raises(CollectError):
        scope.get("e")
    assert stub.calls["/compute/v1/projects/demo/e"] == 3


def test_the_budget_of_another_api_is_its_own(scope_of: Any) -> None:
    scope, stub = scope_of(lambda path, query: failure(429, "rateLimitExceeded"))
    with pytest.raises(CollectError):
        scope.get("a")
    with pytest.raises(CollectError):
        list(scope.entries("x"))
    assert stub.calls["/v2/entries:list"] == 3


def test_the_deadline_ends_retries(scope_of: Any) -> None:
    context = quick(seconds=0.4, attempts=20)
    scope, stub = scope_of(lambda path, query: failure(429, "rateLimitExceeded"), context)
    started = time.monotonic()
    with pytest.raises(CollectError) as error:
        list(scope.pages("global/firewalls"))
    assert error.value.kind == "deadline"
    assert time.monotonic() - started < 2
    calls = sum(stub.calls.values())
    with pytest.raises(CollectError):
        scope.get("never")
    assert sum(stub.calls.values()) == calls


def test_stop_ends_a_wait(scope_of: Any) -> None:
    context = quick(attempts=20)
    scope, _ = scope_of(lambda path, query: failure(429, "rateLimitExceeded"), context)
    context.stop()
    with pytest.raises(CollectError) as error:
        scope.get("x")
    assert error.value.kind == "deadline"


def test_each_keeps_the_order_and_leaves_out_what_is_gone(scope_of: Any) -> None:
    def script(path: str, query: Query) -> Reply:
        number = int(path.rpartition("/")[2])
        time.sleep(0.01 * (number % 3))
        return failure(404, "notFound") if number % 7 == 0 else (200, {"n": number})

    scope, _ = scope_of(script)
    found = list(scope.each(lambda n: scope.get(str(n)), range(30)))
    assert found == [None if n % 7 == 0 else {"n": n} for n in range(30)]


def test_each_raises_the_first_other_error(scope_of: Any) -> None:
    def script(path: str, query: Query) -> Reply:
        return failure(403, "forbidden") if path.endswith("/5") else (200, {})

    scope, stub = scope_of(script)
    with pytest.raises(CollectError, match="forbidden"):
        list(scope.each(lambda n: scope.get(str(n)), range(200)))
    assert sum(stub.calls.values()) < 60


def test_entries_page_in_the_body(scope_of: Any) -> None:
    seen: list[Query] = []

    def script(path: str, query: Query) -> Reply:
        seen.append(query)
        token = query.get("pageToken")
        return 200, {"entries": [{"n": token}], **({} if token else {"nextPageToken": "t"})}

    scope, _ = scope_of(script)
    assert list(scope.entries('logName="x"')) == [{"n": None}, {"n": "t"}]
    assert [query["filter"] for query in seen] == ['logName="x"', 'logName="x"']
    assert seen[0]["resourceNames"] == ["projects/demo"]


def effective(path: str, query: Query) -> Reply:
    """Answer for two networks below one organisation, the second with a policy of its own."""
    if path.endswith("/global/networks"):
        names = ("one", "two")
        link = "projects/demo/global/networks/"
        return 200, {"items": [{"name": name, "selfLink": link + name} for name in names]}
    rules = [{"priority": 1}, {"priority": 2}]
    policies = [{"name": "900", "type": "HIERARCHY", "rules": rules}]
    if "/two/" in path:
        policies.append({"name": "edge", "type": "NETWORK", "rules": rules})
        policies.append({"name": "gke", "type": "SYSTEM_GLOBAL", "rules": rules})
    return 200, {"firewallPolicys": policies}


def test_two_tables_share_what_is_in_effect(scope_of: Any) -> None:
    scope, stub = scope_of(effective)
    policies = list(TABLES["gcp_compute_effective_firewalls"].fetch(scope))
    assert [(p["network"][-3:], p["name"], p["position"]) for p in policies] == [
        ("one", "900", 1), ("two", "900", 1), ("two", "edge", 2), ("two", "gke", 3),
    ]  # fmt: skip
    rules = list(TABLES["gcp_compute_effective_firewall_rules"].fetch(scope))
    assert [(r["policy"]["name"], r["priority"]) for r in rules] == [
        ("900", 1), ("900", 2), ("gke", 1), ("gke", 2),
    ]  # fmt: skip
    assert set(stub.calls.values()) == {1}


def test_a_denial_reaches_both_tables(scope_of: Any) -> None:
    scope, stub = scope_of(lambda path, query: failure(403, "forbidden", "PERMISSION_DENIED"))
    for name in ("gcp_compute_effective_firewalls", "gcp_compute_effective_firewall_rules"):
        with pytest.raises(CollectError) as error:
            list(TABLES[name].fetch(scope))
        assert error.value.status is Status.DENIED
    assert sum(stub.calls.values()) == 1
