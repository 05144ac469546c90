"""Calls in one subscription: pages, faults, budgets, deadline, calls per resource."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from auditor.collect import backoff
from auditor.collect.azure.retry import LONGEST_ASKED
from auditor.collect.catalog import all_tables
from auditor.collect.table import ResourceTable
from auditor.errors import CollectError
from auditor.model import Scope, Status
from tests.azure_stub import BASE, SUBSCRIPTION, Reply, error, quick, scope_of, value

TABLES = {table.name: table for table in all_tables()}
DISKS = "/providers/Microsoft.Compute/disks"
VMS = f"{BASE}/providers/Microsoft.Compute/virtualMachines"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "RETRIED", dict.fromkeys(backoff.RETRIED, 0.001))


def script_of(*replies: Reply) -> Callable[..., Reply]:
    """Answer with each reply in turn, and with the last one from then on."""
    waiting = list(replies)
    lock = threading.Lock()

    def script(*_: Any) -> Reply:
        with lock:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


def table(stem: str) -> ResourceTable:
    return TABLES[f"azure_{stem}"]


def test_pages_follow_links_to_the_configured_endpoint_only() -> None:
    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        page = int(query.get("$skiptoken", "0"))
        link = f"https://evil.test:444{path}?api-version=1&%24skiptoken={page + 1}"
        return value({"id": page}, link=link if page < 4 else None)

    with scope_of(script) as (scope, stub):
        assert [item["id"] for item in scope.pages(DISKS, "1")] == [0, 1, 2, 3, 4]
        assert stub.calls == {f"{BASE}{DISKS}": 5}
        assert not [r for r in stub.requests if "authorization" in r]
        assert all("cloud-baseline-auditor/" in r["user-agent"] for r in stub.requests)


def test_query_and_body_are_sent() -> None:
    seen: list[Any] = []

    def script(*call: Any) -> Reply:
        seen.append(call)
        return Reply({})

    with scope_of(script) as (scope, _):
        scope.get(f"{VMS}/a b", "1", **{"$expand": "userData"})
        scope.post(f"{VMS}/a/act", "2", {"x": 1})
    assert seen == [
        ("GET", f"{VMS}/a b", {"$expand": "userData", "api-version": "1"}, None),
        ("POST", f"{VMS}/a/act", {"api-version": "2"}, {"x": 1}),
    ]


@pytest.mark.parametrize("link", [f"{BASE}{DISKS}?page=2", 7, "nonsense"])
def test_repeated_or_broken_links_are_truncated(link: Any) -> None:
    served = scope_of(lambda *_: value({"id": 1}, link=link))
    with served as (scope, _), pytest.raises(CollectError) as caught:
        list(scope.pages(DISKS, "1"))
    assert (caught.value.status, caught.value.kind) == (Status.TRUNCATED, "malformed")


@pytest.mark.parametrize("body", [{}, {"value": 1}, {"value": ["x"]}])
def test_what_is_no_list_is_malformed(body: Any) -> None:
    with scope_of(lambda *_: Reply(body)) as (scope, _), pytest.raises(CollectError) as caught:
        list(scope.pages(DISKS, "1"))
    assert caught.value.kind == "malformed"


FAULTS = {
    "throttled": error("TooManyRequests", 429, retry_after="0"),
    "unavailable": error("InternalServerError", 500),
    "close": Reply(fault="close"),
    "cut": Reply({"value": [{"id": "x" * 99}]}, fault="cut"),
    "stall": Reply({"value": [{"id": "x" * 99}]}, fault="stall"),
    "html": Reply(b"<html>no"),
    "half": Reply(b'{"value": [{"id"'),
    "list": Reply([]),
}
KINDS = {
    "throttled": "throttled",
    "unavailable": "unavailable",
    "close": "unavailable",
    "cut": "malformed",
    "stall": "unavailable",
    "html": "malformed",
    "half": "malformed",
    "list": "malformed",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_retried(fault: str) -> None:
    context = quick()
    with scope_of(script_of(FAULTS[fault], value({"id": 1})), context) as (scope, stub):
        assert list(scope.pages(DISKS, "1")) == [{"id": 1}]
        assert stub.calls.total() == 2
    assert context.throttles == (1 if fault == "throttled" else 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_ends_the_reading(fault: str) -> None:
    begun = time.monotonic()
    with scope_of(script_of(FAULTS[fault]), quick(attempts=2)) as (scope, stub):
        with pytest.raises(CollectError) as caught:
            list(scope.pages(DISKS, "1"))
        assert stub.calls.total() == 2
        assert caught.value.kind == KINDS[fault]
        if fault in ("close", "stall"):
            assert stub.url in caught.value.message
    assert time.monotonic() - begun < 10


def test_budget_is_spent_once_per_provider_and_refilled() -> None:
    broken = [True]

    def script(*_: Any) -> Reply:
        return error("TooManyRequests", 429, retry_after="0") if broken[0] else value()

    with scope_of(script) as (scope, stub):
        for path in (DISKS, DISKS.replace("disks", "images")):
            with pytest.raises(CollectError):
                list(scope.pages(path, "1"))
        assert stub.calls.total() == 3 + 1
        with pytest.raises(CollectError):
            list(scope.pages("/providers/Microsoft.Network/networkInterfaces", "1"))
        assert stub.calls.total() == 4 + 3
        broken[0] = False
        list(scope.pages(DISKS, "1"))
        broken[0] = True
        with pytest.raises(CollectError):
            list(scope.pages(DISKS, "1"))
        assert stub.calls.total() == 7 + 1 + 3


def test_retry_after_is_honoured_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    context = quick()
    monkeypatch.setattr(context, "sleep", waits.append)
    asked = [error("x", 429, retry_after="7"), error("x", 429, retry_after="9999"), value()]
    with scope_of(script_of(*asked), context) as (scope, _):
        list(scope.pages(DISKS, "1"))
    assert 7 <= waits[0] < 8 and waits[1] <= LONGEST_ASKED + 1


def test_denied_is_not_retried() -> None:
    with scope_of(lambda *_: error("AuthorizationFailed", 403)) as (scope, stub):
        with pytest.raises(CollectError, match=r"GET Microsoft\.Compute/disks: Auth") as caught:
            list(scope.pages(DISKS, "1"))
        assert stub.calls.total() == 1
    assert SUBSCRIPTION in (caught.value.hint or "")


def test_deadline_and_stop() -> None:
    context = quick()
    with scope_of(lambda *_: value(), context) as (scope, stub):
        context.deadline = time.monotonic() - 1
        with pytest.raises(CollectError, match="deadline"):
            list(scope.pages(DISKS, "1"))
        assert stub.calls.total() == 0
    late = quick(seconds=0.3)
    begun = time.monotonic()
    served = scope_of(lambda *_: error("x", 429, retry_after="60"), late)
    with served as (scope, _), pytest.raises(CollectError, match="deadline"):
        list(scope.pages(DISKS, "1"))
    assert time.monotonic() - begun < 5


def test_each_keeps_order_and_leaves_out_the_vanished() -> None:
    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        number = int(path.rpartition("/")[2])
        time.sleep(0.02 if number == 0 else 0)
        return error("ResourceNotFound", 404) if number == 3 else Reply({"id": number})

    with scope_of(script) as (scope, _):
        found = list(scope.each(lambda n: scope.get(f"{VMS}/{n}", "1")["id"], range(40)))
    assert found == [None if n == 3 else n for n in range(40)]


def test_each_stops_at_the_first_error() -> None:
    def script(*_: Any) -> Reply:
        time.sleep(0.01)
        return error("AuthorizationFailed", 403)

    with scope_of(script) as (scope, stub):
        with pytest.raises(CollectError):
            list(scope.each(lambda n: scope.get(f"{VMS}/{n}", "1"), range(500)))
        assert stub.calls.total() < 50


def test_index_is_listed_once_and_its_failure_fails_every_table() -> None:
    def script(*_: Any) -> Reply:
        time.sleep(0.05)
        return value({"id": f"{VMS}/a", "location": "westeurope"})

    with scope_of(script) as (scope, stub):
        threads = [
            threading.Thread(target=scope.index, args=("virtualMachines",)) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [ref.id for ref in scope.index("virtualMachines")] == [f"{VMS}/a"]
        assert stub.calls.total() == 1
    with scope_of(lambda *_: error("AuthorizationFailed", 403)) as (scope, stub):
        for stem in ("extensions", "run_commands", "attributes"):
            with pytest.raises(CollectError):
                list(table(f"compute_virtual_machine_{stem}").fetch(scope))
        assert stub.calls.total() == 1


def nested(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
    """A subscription of two machines, one of which vanishes, with secrets in every place."""
    if path == VMS:
        return value({"id": f"{VMS}/a", "location": "westeurope"}, {"id": f"{VMS}/gone"})
    if "/gone" in path:
        return error("ResourceNotFound", 404)
    if path.endswith("virtualMachineScaleSets"):
        return value()
    if path == f"{VMS}/a":
        properties: Any = {"vmId": "v", "userData": "c2VjcmV0"}
        return Reply({"id": path, "properties": properties})
    properties = {
        "settings": {"commandToExecute": "secret"},
        "source": {"script": "secret"},
        "parameters": [{"name": "p", "value": "secret"}],
    }
    return value({"id": f"{path}/x", "name": "x", "properties": properties})


@pytest.mark.parametrize("stem", ["extensions", "run_commands", "attributes"])
def test_secrets_never_leave_the_fetch(stem: str) -> None:
    one = table(f"compute_virtual_machine_{stem}")
    with scope_of(nested) as (scope, _):
        (raw,) = one.fetch(scope)
    assert "secret" not in str(raw) and "c2VjcmV0" not in str(raw)
    row = one.transform(raw, scope.scope)
    hashes = [value for name, value in row.items() if name.endswith("_sha256") and value]
    assert hashes and all(len(value) == 64 for value in hashes)
    if stem != "attributes":
        assert row["machine_id"] == f"{VMS}/a".lower() and row["region"] == "westeurope"


def test_what_costs_calls_can_be_switched_off() -> None:
    with scope_of(nested, instance_attributes=False) as (scope, stub):
        for stem in ("compute_virtual_machine_attributes", "monitor_activity_log_events"):
            with pytest.raises(CollectError) as caught:
                list(table(stem).fetch(scope))
            assert caught.value.status == Status.SKIPPED
        assert stub.calls.total() == 0


def test_activity_log_is_read_from_where_the_last_run_ended() -> None:
    context = quick()
    seen: list[str] = []

    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        seen.append(query["$filter"])
        return value()

    with scope_of(script, context, activity_log=True) as (scope, _):
        begin = context.since("azure_monitor_activity_log_events", scope.scope)
        context.since = lambda table, scope: begin if "activity" in table else begin.min
        list(table("monitor_activity_log_events").fetch(scope))
    assert seen == [f"eventTimestamp ge '{begin:%Y-%m-%dT%H:%M:%S.%f}Z'"]


def test_admin_rules_are_paged_by_token_for_each_network() -> None:
    networks = f"{BASE}/providers/Microsoft.Network/virtualNetworks"

    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        if method == "GET":
            return value({"id": f"{networks}/a", "location": "x"}, {"id": f"{networks}/b"})
        page = int(body.get("skipToken", 0))
        more = {"skipToken": str(page + 1)} if page < 2 else {}
        return Reply({"value": [{"id": f"/rules/{page}"}], **more})

    with scope_of(script) as (scope, _):
        found = list(table("network_manager_effective_security_admin_rules").fetch(scope))
    assert [(raw["_owner"]["id"][-1], raw["id"][-1]) for raw in found] == [
        (network, page) for network in "ab" for page in "012"
    ]


def test_members_and_interfaces_of_scale_sets() -> None:
    sets = f"{BASE}/providers/Microsoft.Compute/virtualMachineScaleSets"

    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        if path == sets:
            return value(
                {"id": f"{sets}/u", "location": "x", "properties": None},
                {"id": f"{sets}/f", "properties": {"orchestrationMode": "Flexible"}},
            )
        return value({"id": f"{path}/0"})

    with scope_of(script) as (scope, stub):
        assert len(list(table("compute_virtual_machine_scale_set_vms").fetch(scope))) == 2
        assert len(list(table("network_scale_set_network_interfaces").fetch(scope))) == 1
        assert len(list(table("network_scale_set_public_ip_addresses").fetch(scope))) == 1
        assert stub.calls[sets] == 1


def test_service_tags_are_read_once_for_all_locations() -> None:
    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        if path.endswith("virtualNetworks"):
            return value({"id": "b", "location": "West Europe"}, {"id": "a", "location": "eastus"})
        assert path.endswith("/locations/eastus/serviceTags")
        return Reply({"changeNumber": "1", "values": [{"name": "A"}, {"name": "B"}]})

    with scope_of(script) as (scope, _):
        assert len(list(table("network_service_tags").fetch(scope))) == 2


@pytest.mark.parametrize("name", [name for name in TABLES if name.startswith("azure_")])
def test_an_empty_subscription_gives_no_rows(name: str) -> None:
    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        return Reply({"disabled": False}) if "SerialConsole" in path else value()

    with scope_of(script, activity_log=True, instance_creators=True) as (scope, _):
        found = list(TABLES[name].fetch(scope))
    assert len(found) == (1 if name == "azure_serialconsole_settings" else 0)
    assert scope.id() == str(Scope("azure", SUBSCRIPTION, "global"))
