"""Each table against its case file: the provider's items in, the rows out.

`tests/cases/tables/<table>/raw.json` holds items as the SDK returns them, `rows.json` the rows
they become. Instants are written `{"$datetime": "..."}`. Empty columns and the document, which is
the item itself, are left out of the rows.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor.collect.batch import RowError, prepare, to_batch
from auditor.collect.catalog import CLOUDS, all_tables
from auditor.collect.table import ResourceTable, sql_type
from auditor.model import Scope

CASES = Path(__file__).parent / "cases" / "tables"
SCOPES = {
    "aws": Scope("aws", "111122223333", "eu-west-1"),
    "azure": Scope("azure", "00000000-0000-0000-0000-0000000000aa", "global"),
    "gcp": Scope("gcp", "demo-prod", "global"),
}
PREFIXES = {
    "aws": (
        "arn:aws:autoscaling:eu-west-1:",
        "arn:aws:cloudtrail:eu-west-1:",
        "arn:aws:ec2:eu-west-1:",
        "arn:aws:iam::111122223333:",
    ),
    "azure": ("/subscriptions/00000000-0000-0000-0000-0000000000aa/",),
    "gcp": (
        "//cloudresourcemanager.googleapis.com/",
        "//compute.googleapis.com/",
        "//logging.googleapis.com/",
    ),
}
"""What the resource ids of a cloud begin with."""
SINGLE = ("aws_ec2_regional_settings", "azure_serialconsole_settings")
"""Tables of one row per scope."""
TABLES = {table.name: table for table in all_tables()}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def instants(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["$datetime"]) if "$datetime" in value else value


def load(table: ResourceTable, name: str) -> list[dict[str, Any]]:
    text = (CASES / table.name / name).read_text(encoding="utf-8")
    items: list[dict[str, Any]] = json.loads(text, object_hook=instants)
    return items


def made(table: ResourceTable, raw: dict[str, Any]) -> dict[str, Any]:
    return dict(table.transform(raw, scope_of(table)))


def scope_of(table: ResourceTable) -> Scope:
    scope = SCOPES[table.cloud]
    return scope if table.regional else replace(scope, region="global")


@each_table
def test_rows(table: ResourceTable) -> None:
    rows = [made(table, raw) for raw in load(table, "raw.json")]
    got = [{k: v for k, v in r.items() if v is not None and k != "document"} for r in rows]
    assert got == load(table, "rows.json")


@each_table
def test_transform_is_pure_and_total(table: ResourceTable) -> None:
    columns = {column.name: column for column in table.columns}
    items = load(table, "raw.json")
    assert len(items) >= 3
    for raw in items:
        before = copy.deepcopy(raw)
        row = made(table, raw)
        assert raw == before
        assert row == made(table, raw)
        assert row.keys() == columns.keys()
        for name, value in row.items():
            if sql_type(columns[name].type) == "JSON":
                continue
            assert pa.array([value], columns[name].type).to_pylist() == [value], name
            if isinstance(value, list):
                assert value == sorted(set(value)), name


@each_table
def test_order_in_an_item_is_not_content(table: ResourceTable) -> None:
    for raw in load(table, "raw.json"):
        one, other = made(table, raw), made(table, reverse(raw))
        for name in table.spec().hashed_columns:
            assert one[name] == other[name], name


def reverse(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reverse(inner) for key, inner in reversed(value.items())}
    return [reverse(inner) for inner in reversed(value)] if isinstance(value, list) else value


@each_table
def test_unknown_fields_are_kept_in_the_document_only(table: ResourceTable) -> None:
    raw = load(table, "raw.json")[0]
    row = made(table, {**raw, "FieldOfTomorrow": {"Value": [1, None]}})
    assert row["document"]["FieldOfTomorrow"] == {"Value": [1, None]}
    for name in table.spec().hashed_columns:
        assert row[name] == made(table, raw)[name]


@each_table
def test_keys(table: ResourceTable) -> None:
    rows = [made(table, raw) for raw in load(table, "raw.json")]
    if table.name not in SINGLE:
        assert len({row["resource_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["resource_id"].startswith(PREFIXES[table.cloud])
        assert (row["cloud"], row["account_id"]) == (table.cloud, SCOPES[table.cloud].account_id)
        if table.regional:
            assert row["region"] == SCOPES[table.cloud].region
        else:
            assert row["region"] and row["region"] == row["region"].lower()


@each_table
def test_azure_ids_are_the_same_in_any_case(table: ResourceTable) -> None:
    """Not only the id of the resource: also those that it refers to."""
    if table.cloud != "azure" or table.kind == "event":
        return
    for raw in load(table, "raw.json"):
        row = made(table, raw)
        for recased in (str.upper, str.lower):
            item = copy.deepcopy(raw)
            for place in places(raw):
                value = at(raw, place)
                if isinstance(value, str) and value.lower().startswith("/subscriptions/"):
                    at(item, place[:-1])[place[-1]] = recased(value)
            other = made(table, item)
            # NOTE: where an item has no name, it is the end of its id
            same = set(table.spec().hashed_columns) - {"name"}
            assert {c: other[c] for c in same} == {c: row[c] for c in same}


@each_table
def test_table_is_described(table: ResourceTable) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert table.title and table.description.endswith(".")
    for column in table.columns:
        assert column.description and column.description.endswith("."), column.name
    assert table.permissions
    assert len(set(table.permissions)) == len(table.permissions)
    assert set(table.gone) <= set(names)
    assert table.owner is None or table.owner in names


def test_every_case_has_a_table() -> None:
    assert sorted(folder.name for folder in CASES.iterdir()) == sorted(TABLES)
    for folder in CASES.iterdir():
        assert sorted(file.name for file in folder.iterdir()) == ["raw.json", "rows.json"]


def test_every_table_belongs_to_a_cloud_that_is_tested() -> None:
    clouds = {table.cloud for table in TABLES.values()}
    assert clouds <= set(CLOUDS)
    assert clouds == set(SCOPES) == set(PREFIXES)


def test_no_secret_of_a_case_gets_into_a_row() -> None:
    planted = ("IyEvYmluL3NoCmVjaG8gaGVsbG8K", "hello-planted", "PRIVATE KEY", "AAAAC3NzaC1lZDI1")
    found = set()
    for table in TABLES.values():
        for raw in load(table, "raw.json"):
            source = json.dumps(raw, default=str)
            found |= {secret for secret in planted if secret in source}
            text = json.dumps(made(table, raw), default=str)
            assert not [secret for secret in planted if secret in text], table.name
    assert found == set(planted)


def test_user_data_is_hashed() -> None:
    table = TABLES["aws_ec2_instance_attributes"]
    for raw in load(table, "raw.json"):
        text = json.dumps(made(table, raw))
        value = (raw.get("UserData") or {}).get("Value")
        assert value is None or (value not in text and "hello" not in text)


@each_table
def test_no_content_of_a_script_or_key_is_left(table: ResourceTable) -> None:
    for raw in load(table, "raw.json"):
        text = json.dumps(made(table, raw), default=str)
        for planted in ("hello", "hunter2", "c2VjcmV0", "SGVsbG8gZnJvbSB", "rsaEncryptedKey"):
            assert planted not in text, planted


SECRETS = ("hello", "aGVsbG8=", "IyEvYmluL3NoCmVjaG8gaGVsbG8K")
"""What the case files of Azure hold where the provider holds a secret."""


@each_table
def test_no_secret_of_azure_stays(table: ResourceTable) -> None:
    if table.cloud == "azure":
        for raw in load(table, "raw.json"):
            text = json.dumps(made(table, raw), default=str)
            assert not [secret for secret in SECRETS if secret in text]


@each_table
def test_items_without_what_is_optional_are_stored(table: ResourceTable) -> None:
    """Only what identifies a resource, and what a rule decides by, must be there."""
    for raw in load(table, "raw.json"):
        identity, item = made(table, raw)["resource_id"], raw
        for place in sorted(places(raw), key=len):
            smaller = changed(item, place)
            if smaller is None or (found := stored(table, smaller)) is None:
                continue
            if found == identity or table.kind == "event":
                item = smaller
        left = {name for place in places(item) for name in place if isinstance(name, str)}
        assert not {name for name in left if not NEEDED.fullmatch(name)}


@each_table
def test_values_of_tomorrow_are_stored(table: ResourceTable) -> None:
    """A word that no version of an API has known is kept, whatever it stands for."""
    for raw in load(table, "raw.json"):
        for place in places(raw):
            value = at(raw, place)
            if isinstance(value, str) and not FORMATTED.match(value):
                tomorrow = changed(raw, place, "ValueOfTomorrow")
                assert tomorrow is not None and stored(table, tomorrow), place


NEEDED = re.compile(
    r"\w*(Id|Arn|ARN)|KeyName|AutoScalingGroupName|PublicIp|VersionNumber|CloudTrailEvent"
    r"|id|name|selfLink|insertId|logName|_owner|resource|policy|network|zone|group|instance"
    r"|Egress|IsEgress|Protocol|IpProtocol|RuleAction|RuleNumber"
    r"|type|eventName|eventname|properties|access|direction|protocol|priority"
    r"|(Describe|Get)\w+"
)
"""Names of what identifies a resource, of what a rule decides by, and of calls that answered."""
FORMATTED = re.compile(r"\d|[0-9a-f]*:|\{|$")
"""How numbers, instants, addresses and documents begin, which no unknown word can replace."""
Place = tuple[str | int, ...]


def places(value: Any, before: Place = ()) -> Iterator[Place]:
    inner = enumerate(value) if isinstance(value, list) else ()
    for key, part in value.items() if isinstance(value, dict) else inner:
        yield (*before, key)
        yield from places(part, (*before, key))


def at(value: Any, place: Place) -> Any:
    for key in place:
        value = value[key]
    return value


def changed(raw: dict[str, Any], place: Place, value: Any = None) -> dict[str, Any] | None:
    """Return a copy with another value at a place, or without it; None if it is not there."""
    copied = copy.deepcopy(raw)
    try:
        spot = at(copied, place[:-1])
        if value is None:
            del spot[place[-1]]
        else:
            spot[place[-1]] = value
    except (KeyError, IndexError, TypeError):
        return None
    return copied


def stored(table: ResourceTable, raw: dict[str, Any]) -> str | None:
    """Return the resource id under which an item would be stored, or None if it cannot be."""
    try:
        row = prepare(table, made(table, raw))
    except (RowError, KeyError, TypeError, ValueError, AttributeError):
        return None
    to_batch(table, [row])
    return str(row["resource_id"])
