"""Recorded answers of Google Cloud, served over HTTP and read by the tables: items in, rows out.

`AUDITOR_RECORDINGS` names the folder, as in `test_recordings.py`. Each recording is put where
the API would answer with it; what it needs around it, such as the list of the networks whose
firewalls were recorded, is made from its own content.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from auditor.collect.batch import prepare
from auditor.collect.catalog import all_tables
from tests.gcp_stub import Query, Reply, opened, quick, serve, use_environment
from tests.policy.world import compared

FOLDER = Path(
    os.environ.get("AUDITOR_RECORDINGS", Path(__file__).parents[2] / "shared" / "recordings")
)
TABLES = {table.name: table for table in all_tables()}
AGGREGATED = {
    "disks": "gcp_compute_disks",
    "instanceGroupManagers": "gcp_compute_instance_group_managers",
    "instanceTemplates": "gcp_compute_instance_templates",
    "instances": "gcp_compute_instances",
    "subnetworks": "gcp_compute_subnetworks",
}
LISTED = {
    "firewalls": "gcp_compute_firewalls",
    "images": "gcp_compute_images",
    "networks": "gcp_compute_networks",
    "snapshots": "gcp_compute_snapshots",
}
SKIPPED = {
    "addresses": "no table",
    "backendServices": "no table",
    "forwardingRules": "no table",
    "instanceGroups": "no table: groups are read through their managers",
    "operation": "an operation, not a resource",
    "quota": "a quota, not a resource",
}

if not (FOLDER / "manifest.tsv").exists() and not os.environ.get("CI"):
    pytest.skip("no recordings; set AUDITOR_RECORDINGS to their folder", allow_module_level=True)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(monkeypatch)


def recorded() -> Iterator[tuple[str, str, Any]]:
    """Yield operation, file name and body of every recording of Google Cloud."""
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as lines:
        for entry in csv.DictReader(lines, delimiter="\t"):
            if entry["cloud"] == "gcp" and entry["file"].endswith(".json"):
                answer = json.loads((FOLDER / entry["file"]).read_text(encoding="utf-8"))
                if isinstance(answer, dict) and "body" in answer:
                    answer = answer["body"]
                yield entry["operation"], Path(entry["file"]).name, answer


def bodies() -> list[tuple[str, dict[str, Any]]]:
    """Return every recorded answer of Compute Engine that is no error."""
    return [
        (name, body)
        for operation, name, body in recorded()
        if operation not in ("audit-log", "audit-events", "cai-assets", "spec")
        and isinstance(body, dict)
        and "error" not in body
    ]


def kind_of(body: dict[str, Any]) -> str:
    """Return the kind of an answer, which older recordings leave out."""
    kind = str(body.get("kind") or "")
    if kind:
        return kind.removeprefix("compute#")
    link = str(body.get("selfLink") or body.get("targetLink") or "")
    match = re.search(r"/(\w+)/[^/]+$", link)
    return match[1].removesuffix("s") if match and "operationType" not in body else "operation"


def items_of(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the resources in an answer, whichever form it has."""
    items = body.get("items", [body] if "selfLink" in body else [])
    if isinstance(items, dict):
        return [raw for part in items.values() for raw in part.get(key) or ()]
    return list(items)


def answers_of(key: str) -> list[dict[str, Any]]:
    """Return the recorded answers that hold resources of one collection."""
    one = key.removesuffix("s")
    kinds = {one, f"{one}List", f"{one}AggregatedList"}
    found = [body for _, body in bodies() if kind_of(body) in kinds or holds(body, key)]
    return [body for body in found if items_of(body, key)]


def holds(body: dict[str, Any], key: str) -> bool:
    """Say whether an answer without a kind holds resources of a collection."""
    raws = items_of(body, key)
    return not body.get("kind") and bool(raws) and f"/{key}/" in str(raws[0].get("selfLink"))


def without_token(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "nextPageToken"}


def aggregate(body: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an answer as the aggregated listing gives it."""
    if isinstance(body.get("items"), dict):
        return body
    return {"items": {"zones/recorded": {key: items_of(body, key)}}}


def read(table_name: str, script: Any, **gcp: Any) -> list[dict[str, Any]]:
    """Return the rows of one table, read from a server with a script, as they are stored."""
    table = TABLES[table_name]
    with serve(script) as stub:
        account, scope = opened(stub, quick(), **gcp)
        rows = [prepare(table, table.transform(raw, scope.scope)) for raw in table.fetch(scope)]
        account.close()
    return rows


def check(label: str, items: int, rows: list[dict[str, Any]]) -> None:
    print(f"{label}: {items} items in, {len(rows)} rows out")
    assert len(rows) == items > 0
    # NOTE: one sanitised recording has a selfLink that was cut off.
    assert sum(not row["resource_id"].startswith("//") for row in rows) <= 1


@pytest.mark.parametrize("key", AGGREGATED)
def test_aggregated(key: str) -> None:
    """All answers of one kind as the pages of one listing."""
    answers = answers_of(key)

    def script(path: str, query: Query) -> Reply:
        assert path == f"/compute/v1/projects/demo/aggregated/{key}"
        page = int(query.get("pageToken", "0"))
        body = without_token(aggregate(answers[page], key))
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(answers) else {}
        return 200, {**body, **more}

    rows = read(AGGREGATED[key], script)
    check(f"{key} ({len(answers)} answers)", sum(len(items_of(a, key)) for a in answers), rows)


@pytest.mark.parametrize("key", LISTED)
def test_listed(key: str) -> None:
    answers = answers_of(key)

    def script(path: str, query: Query) -> Reply:
        assert path == f"/compute/v1/projects/demo/global/{key}"
        page = int(query.get("pageToken", "0"))
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(answers) else {}
        return 200, {"items": items_of(answers[page], key), **more}

    rows = read(LISTED[key], script)
    check(f"{key} ({len(answers)} answers)", sum(len(items_of(a, key)) for a in answers), rows)


def test_rules_that_are_in_effect() -> None:
    """Recorded effective firewalls hold rules of networks: the same as a listing of them."""
    answers = [body for name, body in bodies() if "getEffectiveFirewalls" in name]
    rules = [raw for body in answers for raw in body.get("firewalls") or ()]
    rows = read("gcp_compute_firewalls", lambda path, query: (200, {"items": rules}))
    check(f"getEffectiveFirewalls.firewalls ({len(answers)} answers)", len(rules), rows)
    links = [f"projects/demo/global/networks/n{number}" for number in range(len(answers))]
    served = {link.rpartition("/")[2]: body for link, body in zip(links, answers, strict=True)}

    def script(path: str, query: Query) -> Reply:
        if path.endswith("/global/networks"):
            return 200, {"items": [{"name": n, "selfLink": f"x/{k}"} for n, k in named]}
        return 200, served[path.split("/")[-2]]

    named = list(zip(served, links, strict=True))
    policies = sum(len(body.get("firewallPolicys") or ()) for body in answers)
    effective = read("gcp_compute_effective_firewalls", script)
    print(f"getEffectiveFirewalls.policies: {policies} items in, {len(effective)} rows out")
    assert len(effective) == policies


def test_rules_of_recorded_firewalls_can_be_judged(tmp_path: Path) -> None:
    """Every recorded rule of a network means something in the policy model."""
    raws = {raw["selfLink"]: raw for body in answers_of("firewalls") for raw in items_of(body, "")}
    for name, body in bodies():
        if "getEffectiveFirewalls" in name:
            raws |= {raw["selfLink"]: raw for raw in body.get("firewalls") or ()}
    networks = sorted({raw["network"] for raw in raws.values()})
    made = {"gcp_compute_networks": [{"name": "n", "selfLink": link} for link in networks]}
    with compared(tmp_path, made, {**made, "gcp_compute_firewalls": [*raws.values()]}) as con:
        judged = con.execute(
            "SELECT count(DISTINCT rule_id) FROM policy.rules WHERE kind = 'gcp_firewalls' "
            "AND rule_id <> 'no rule'"
        ).fetchall()
        problems = con.execute("SELECT * FROM policy.problems").fetchall()
    disabled = sum(raw.get("disabled", False) for raw in raws.values())
    print(f"firewalls: {len(raws)} rules, {disabled} of them disabled, {judged[0][0]} judged")
    assert problems == [] and judged == [(len(raws) - disabled,)]


def test_project() -> None:
    answers = [body for _, body in bodies() if kind_of(body) == "project"]
    rows = [
        row
        for body in answers
        for row in read("gcp_compute_projects", lambda p, q, b=body: (200, b))
    ]
    check(f"projects.get ({len(answers)} answers)", len(answers), rows)


def test_members_of_groups() -> None:
    """Recorded members of instance groups, as the manager of one group lists them."""
    members = [
        {"instance": raw["instance"]}
        for name, body in bodies()
        if name.endswith("GROUP_LIST_INSTANCES.json")
        for raw in body["items"]
    ]
    group = "projects/demo/zones/z-a/instanceGroupManagers/g"

    def script(path: str, query: Query) -> Reply:
        if path.endswith("/aggregated/instanceGroupManagers"):
            item = {"instanceGroupManagers": [{"selfLink": f"https://h/compute/v1/{group}"}]}
            return 200, {"items": {"zones/z-a": item}}
        assert path == f"/compute/v1/{group}/listManagedInstances"
        return 200, {"managedInstances": members}

    rows = read("gcp_compute_managed_instances", script)
    check("instanceGroups.listInstances (as managed instances)", len(members), rows)


def test_zones() -> None:
    zones = [raw for _, body in bodies() if kind_of(body) == "zoneList" for raw in body["items"]]

    def script(path: str, query: Query) -> Reply:
        if path.endswith("/zones"):
            return 200, {"items": zones}
        return 200, {"fingerprint": "x"}

    rows = read("gcp_compute_instance_settings", script)
    check("zones.list (as instance settings)", len(zones), rows)
    assert "global" not in {row["region"] for row in rows}


def test_policies_of_images() -> None:
    policies = [body for name, body in bodies() if "getIamPolicy" in name]
    image = answers_of("images")[0]["items"][0]

    def script(path: str, query: Query) -> Reply:
        if path.endswith("/global/images"):
            return 200, {"items": [image] * len(policies)}
        assert query["optionsRequestedPolicyVersion"] == "3"
        return 200, policies[0]

    rows = read("gcp_compute_image_iam_bindings", script, iam=True)
    check(f"images.getIamPolicy ({len(policies)} answers)", len(policies), rows)
    assert all(json.loads(row["document"])["bindings"] for row in rows)


def as_sent(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with the spelling of the API, which some samples lower-case."""
    spelt = {"insertid": "insertId", "logname": "logName", "receivetimestamp": "receiveTimestamp"}
    return {spelt.get(key, key): value for key, value in entry.items()}


def entries_of(operation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for recorded_as, _, body in recorded():
        if recorded_as == operation:
            found += [
                as_sent(part.get("log", part))
                for part in (body if isinstance(body, list) else [body])
            ]
    return [entry for entry in found if "protoPayload" in entry]


@pytest.mark.parametrize("operation", ["audit-log", "audit-events"])
def test_audit_log(operation: str) -> None:
    entries = entries_of(operation)
    complete = [e for e in entries if "insertId" in e and "logName" in e]
    log = f"projects/demo/logs/{quote('cloudaudit.googleapis.com/activity', safe='')}"

    def script(path: str, query: Query) -> Reply:
        assert path == "/v2/entries:list"
        assert query["filter"].startswith(f'logName="{log}" AND timestamp>="')
        page = int(query.get("pageToken", "0"))
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(complete) else {}
        return 200, {"entries": complete[page : page + 1], **more}

    rows = read("gcp_logging_audit_entries", script, audit_log=True)
    check(f"{operation} ({len(entries)} samples)", len(complete), rows)
    assert all(row["method"] and not row["method"].startswith("v1.") for row in rows)
    assert all(row["event_time"] < datetime.now(UTC).replace(tzinfo=None) for row in rows)
    told = {row["event_id"]: row for row in rows}
    for entry in complete:
        row, said = told[entry["insertId"]], entry["protoPayload"]
        assert said["methodName"].endswith(row["method"]) and row["service"] == said["serviceName"]
        assert row["principal"] == said.get("authenticationInfo", {}).get("principalEmail")
        assert row["caller_ip"] == said.get("requestMetadata", {}).get("callerIp")
        assert f"{row['event_time']:%Y-%m-%dT%H:%M:%S}" == entry["timestamp"][:19].replace(" ", "T")


@pytest.mark.parametrize("table_name", [*AGGREGATED.values(), *LISTED.values()])
def test_recorded_errors(table_name: str) -> None:
    """Recorded refusals end a listing with what they mean."""
    meanings = {"ACCESS_DENIED.json": "denied", "API_NOT_ENABLED.json": "disabled"}
    errors = {name: body for _, name, body in recorded() if name in meanings}
    assert sorted(errors) == sorted(meanings)
    for name, body in errors.items():
        with pytest.raises(Exception, match="HTTP 403") as error:
            read(table_name, lambda path, query, body=body: (403, body))
        assert error.value.kind == meanings[name]  # type: ignore[attr-defined]


def test_every_answer_is_read_or_named() -> None:
    """No recorded answer of Compute Engine is left over without a reason."""
    read_kinds = {kind for key in (*AGGREGATED, *LISTED) for kind in forms(key)}
    read_kinds |= {"project", "zoneList"}
    left: dict[str, str] = {}
    for name, body in bodies():
        held = any(holds(body, key) for key in (*AGGREGATED, *LISTED))
        if kind_of(body) in read_kinds or held or re.search(r"getIam|getEff|LIST_INST", name):
            continue
        left[name] = "quota" if "metric" in body else kind_of(body)
    reasons = {kind: why for key, why in SKIPPED.items() for kind in (key, *forms(key))}
    print(f"left out: {len(left)} of {len(bodies())} answers: {sorted(set(left.values()))}")
    assert set(left.values()) <= set(reasons)


def forms(key: str) -> tuple[str, str, str]:
    one = re.sub(r"(?<=ss)es$|s$", "", key)
    return one, f"{one}List", f"{one}AggregatedList"
