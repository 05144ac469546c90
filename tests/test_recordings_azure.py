"""Recorded answers of the real resource manager, served over HTTP and read by the tables.

`AUDITOR_RECORDINGS` names the folder, as for the recordings of AWS. Every GET answer is sorted by
the type of its resources; all recordings of one type are the pages of one listing.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.collect.batch import prepare, to_batch
from auditor.collect.catalog import all_tables
from auditor.errors import CollectError
from auditor.model import Scope
from tests.azure_stub import BASE, SUBSCRIPTION, Reply, Script, quick, scope_of
from tests.policy.world import compared

FOLDER = Path(
    os.environ.get("AUDITOR_RECORDINGS", Path(__file__).parents[2] / "shared" / "recordings")
)
SCOPE = Scope("azure", SUBSCRIPTION, "global")
TABLES = {table.name: table for table in all_tables()}
GENERIC = ("Resources.List", "ResourceGraph.POST", "flattened-sdk-dicts")
"""Answers that are not in the form of the APIs that the tables read."""
KINDS = ("recorded", "sanitised", "spec-example", "recorded-error")
LISTED = {
    "microsoft.compute/virtualmachines": "compute_virtual_machines",
    "microsoft.compute/virtualmachinescalesets": "compute_virtual_machine_scale_sets",
    "microsoft.compute/disks": "compute_disks",
    "microsoft.compute/snapshots": "compute_snapshots",
    "microsoft.compute/images": "compute_images",
    "microsoft.compute/galleries": "compute_galleries",
    "microsoft.network/networkinterfaces": "network_interfaces",
    "microsoft.network/publicipaddresses": "network_public_ip_addresses",
    "microsoft.network/networksecuritygroups": "network_security_groups",
    "microsoft.network/applicationsecuritygroups": "network_application_security_groups",
}
"""Types that one listing of the subscription holds, each with its table."""

NESTED = {
    "microsoft.compute/virtualmachines/extensions": "compute_virtual_machine_extensions",
}
"""Types that are listed for each of their owners."""

if not (FOLDER / "manifest.tsv").exists() and not os.environ.get("CI"):
    pytest.skip("no recordings; set AUDITOR_RECORDINGS to their folder", allow_module_level=True)


@dataclass(frozen=True)
class Recording:
    operation: str
    method: str
    status: int
    body: Any


@cache
def recordings() -> tuple[Recording, ...]:
    return tuple(read())


def read() -> Iterator[Recording]:
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as lines:
        for entry in csv.DictReader(lines, delimiter="\t"):
            wanted = entry["kind"] in KINDS and entry["operation"] not in GENERIC
            if entry["cloud"] != "azure" or not wanted:
                continue
            found = json.loads((FOLDER / entry["file"]).read_text(encoding="utf-8"))
            if "request" in found:
                status = found["response"]["status"]
                body = found["response"]["body"]
                yield Recording(entry["operation"], found["request"]["method"], status, body)
            else:
                yield Recording(entry["operation"], "GET", 200, found)


def type_of(item: Any) -> str | None:
    """Return the type of a resource by its id, such as microsoft.network/networkinterfaces."""
    found = str(item.get("id", "")).lower() if isinstance(item, dict) else ""
    parts = found.rpartition("/providers/")[2].split("/")
    return "/".join([parts[0], *parts[1::2]]) if "/providers/" in found else None


def pages(kind: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield operation and items of each recorded answer that holds resources of a type."""
    for recording in recordings():
        if (recording.method, recording.status) == ("GET", 200):
            body = recording.body
            items = body.get("value", [body]) if isinstance(body, dict) else []
            items = [item for item in items if type_of(item) == kind]
            if items:
                yield recording.operation, items


def listing(found: list[list[dict[str, Any]]], path: str) -> Script:
    """Serve pages at a path, linked as the real service links them; other GETs are of items."""
    items = {item["id"].lower(): item for page in found for item in page}

    def script(method: str, asked: str, query: dict[str, str], body: Any) -> Reply:
        if asked.lower() != f"{BASE}{path}".lower():
            return Reply(items[asked.lower()])
        number = int(query.get("page", "0"))
        more = number + 1 < len(found)
        link = f"https://management.azure.com:443{asked}?api-version=x&page={number + 1}"
        return Reply({"value": found[number], **({"nextLink": link} if more else {})})

    return script


def rows_of(table_name: str, script: Script) -> list[dict[str, Any]]:
    """Read a table as the engine does, down to the batch that is stored."""
    table = TABLES[f"azure_{table_name}"]
    with scope_of(script, quick(), activity_log=True) as (scope, _):
        rows = [prepare(table, table.transform(raw, SCOPE)) for raw in table.fetch(scope)]
    assert to_batch(table, rows).num_rows == len(rows)
    return rows


def tell(counts: Counter[str], table: str, rows: int) -> None:
    operations = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    print(f"azure_{table}: {operations}: {sum(counts.values())} items in, {rows} rows out")


@pytest.mark.parametrize("kind", LISTED)
def test_listing(kind: str) -> None:
    found = list(pages(kind))
    provider, name = kind.split("/")
    rows = rows_of(
        LISTED[kind], listing([items for _, items in found], f"/providers/{provider}/{name}")
    )
    counts: Counter[str] = Counter()
    for operation, items in found:
        counts[operation] += len(items)
    tell(counts, LISTED[kind], len(rows))
    assert len(rows) == sum(counts.values()) > 0
    own = {item["id"].lower() for _, items in found for item in items}
    assert {row["resource_id"] for row in rows} == own


@pytest.mark.parametrize("kind", NESTED)
def test_nested(kind: str) -> None:
    found = list(pages(kind))
    name = kind.rpartition("/")[2]
    # NOTE: recordings of different days list the same owner, so each gets one of its own.
    owners = [f"{BASE}/providers/x/owners/{number}" for number in range(len(found))]
    answers = {f"{owner}/{name}": items for owner, (_, items) in zip(owners, found, strict=True)}

    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        if path in answers:
            return Reply({"value": answers[path]})
        return Reply({"value": [{"id": owner, "location": "East US"} for owner in owners]})

    rows = rows_of(NESTED[kind], script)
    counts: Counter[str] = Counter()
    for operation, items in found:
        counts[operation] += len(items)
    tell(counts, NESTED[kind], len(rows))
    assert len(rows) == sum(counts.values()) > 0


def test_rules() -> None:
    """Rules inside of recorded groups, and rules that were read one by one."""
    groups = list(pages("microsoft.network/networksecuritygroups"))
    for kind in ("securityrules", "defaultsecurityrules"):
        for operation, items in pages(f"microsoft.network/networksecuritygroups/{kind}"):
            owner = items[0]["id"].rsplit("/", 2)[0]
            groups.append((operation, [{"id": owner, "properties": {"securityRules": items}}]))
    counts: Counter[str] = Counter()
    for operation, items in groups:
        for group in items:
            properties = group["properties"]
            for key in ("securityRules", "defaultSecurityRules"):
                counts[operation] += len(properties.get(key) or ())
    path = "/providers/Microsoft.Network/networkSecurityGroups"
    rows = rows_of("network_security_group_rules", listing([g for _, g in groups], path))
    tell(counts, "network_security_group_rules", len(rows))
    assert len(rows) == sum(counts.values()) > 100
    assert not [row["rule"] for row in rows if " nowhere" in row["rule"]]


def test_rules_can_be_evaluated(tmp_path: Path) -> None:
    found = [items for _, items in pages("microsoft.network/networksecuritygroups")]
    script = listing(found, "/providers/Microsoft.Network/networkSecurityGroups")
    raws: dict[str, list[Any]] = {}
    for name in ("azure_network_security_groups", "azure_network_security_group_rules"):
        with scope_of(script, quick()) as (scope, _):
            once = {str(raw["id"]).lower(): raw for raw in TABLES[name].fetch(scope)}
        raws[name] = list(once.values())
    with compared(tmp_path, {}, raws) as con:
        groups, rules, boxes = con.execute(
            "SELECT count(DISTINCT policy_id), count(DISTINCT (policy_id, direction, rule_id)), "
            "count(*) FROM policy.rules WHERE rule_id <> 'no rule'"
        ).fetchall()[0]
        problems = con.execute("SELECT * FROM policy.problems").fetchall()
    print(f"{groups} groups, {rules} rules, {boxes} of one service and one peer each")
    assert (groups, rules) == tuple(len(some) for some in raws.values())
    assert problems == []


def test_attributes() -> None:
    """Machines read one by one, as for their user data."""
    found = [
        items
        for kind in ("virtualmachines", "virtualmachinescalesets")
        for _, items in pages(f"microsoft.compute/{kind}")
    ]
    items = {item["id"].lower(): item for page in found for item in page}

    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        if path.lower() in items:
            return Reply(items[path.lower()])
        kind = path.lower().rpartition("/providers/")[2]
        return Reply({"value": [one for one in items.values() if type_of(one) == kind]})

    rows = rows_of("compute_virtual_machine_attributes", script)
    tell(Counter({"VirtualMachines.Get, VMSS.Get": len(items)}), "attributes", len(rows))
    assert {row["resource_id"] for row in rows} == items.keys()


def test_activity_log() -> None:
    """The nested shape from the REST API, and the flat one of exports."""
    events = [
        event
        for recording in logs()
        for event in (recording if isinstance(recording, list) else recording["value"])
    ]
    flat = [event.get("log", event) for event in events]
    rows = rows_of("monitor_activity_log_events", lambda *_: Reply({"value": flat}))
    tell(Counter({"ActivityLog, audit-events": len(flat)}), "activity_log_events", len(rows))
    assert len(rows) == len(flat) > 20
    for row in rows:
        assert row["operation"] == row["operation"].lower() and row["event_time"]
        assert row["outcome"] != "unknown" and row["target_id"] and row["source_ip"]
    assert len({row["resource_id"] for row in rows}) == len(rows)
    assert sorted(map(told, rows)) == sorted(map(said, flat))


def told(row: dict[str, Any]) -> tuple[str, str, str, str]:
    """What a row says of an event: operation, second, who, from where."""
    moment = f"{row['event_time']:%Y-%m-%dT%H:%M:%S}"
    return row["operation"], moment, str(row["caller"]), row["source_ip"]


def said(event: dict[str, Any]) -> tuple[str, str, str, str]:
    """What the file of an event says, in either of its shapes."""
    named = event["operationName"]
    operation = named if isinstance(named, str) else named["value"]
    moment = str(event.get("eventTimestamp") or event.get("time"))[:19]
    from_where = event.get("callerIpAddress") or event["httpRequest"]["clientIpAddress"]
    return operation.lower(), moment, str(event.get("caller")), from_where


def logs() -> Iterator[Any]:
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as lines:
        for entry in csv.DictReader(lines, delimiter="\t"):
            named = entry["operation"] in ("ActivityLog", "audit-events")
            if entry["cloud"] == "azure" and named:
                yield json.loads((FOLDER / entry["file"]).read_text(encoding="utf-8"))


def test_recorded_errors_are_classified() -> None:
    failures = [r for r in recordings() if r.method == "GET" and r.status >= 400]
    kinds: Counter[str] = Counter()
    for failure in failures:
        reply = Reply(failure.body, failure.status)
        with scope_of(lambda *_, reply=reply: reply, quick(attempts=1)) as (scope, _):
            with pytest.raises(CollectError) as caught:
                scope.get("/providers/x/y", "1")
            kinds[caught.value.kind] += 1
    print(f"recorded errors: {dict(kinds)}")


def test_every_recorded_resource_has_a_table_or_is_known_to_have_none() -> None:
    without: defaultdict[str, int] = defaultdict(int)
    for recording in recordings():
        if (recording.method, recording.status) == ("GET", 200):
            body = recording.body if isinstance(recording.body, dict) else {}
            for item in body.get("value", [body]):
                kind = type_of(item)
                if kind and kind not in LISTED and kind not in NESTED:
                    without[kind] += 1
    print("no table:", dict(without))
    assert not [kind for kind in without if "virtualmachinescalesets/virtualmachines" in kind]
