"""The setting catalogue as a whole: every entry fits a column that exists and is compared."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pyarrow as pa
import pytest

from auditor.collect.catalog import CLOUDS, all_tables
from auditor.model import Severity, Verdict
from auditor.shipped import shipped

TABLES = {table.name: {column.name: column for column in table.columns} for table in all_tables()}
TYPES = {
    "ENUM": (pa.string(),),
    "BOOL": (pa.bool_(),),
    "NUM": (pa.int64(),),
    "SET": (pa.list_(pa.string()),),
    "PRESENCE": (pa.string(), pa.int64(), pa.list_(pa.string())),
    "HASH": (pa.string(),),
    "REF": (pa.string(),),
}
LOOSE = {
    "BOOL": ("true", "false"),
    "NUM": ("higher", "lower"),
    "PRESENCE": ("present", "absent"),
    "SET": ("grow", "shrink"),
}
REQUIRED = {
    "id",
    "table",
    "column",
    "title",
    "comparator",
    "verdict",
    "severity",
    "reason",
    "remediation",
    "attack",
    "controls",
    "source",
}


def read(cloud: str) -> list[dict[str, Any]]:
    text = (shipped("queries") / "settings" / f"{cloud}.toml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["setting"]
    return entries


ENTRIES = [entry for cloud in CLOUDS for entry in read(cloud)]


def test_ids_and_titles_are_unique() -> None:
    for key in ("id", "title"):
        values = [entry[key] for entry in ENTRIES]
        assert sorted(set(values)) == sorted(values)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_entry(entry: dict[str, Any]) -> None:
    assert set(entry) - {"order", "absent", "loose"} == REQUIRED
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", entry["id"])
    assert entry["id"].startswith(entry["table"].split("_")[0] + "_")
    column = TABLES[entry["table"]][entry["column"]]
    assert not column.volatile, "a volatile column is not compared"
    assert column.type in TYPES[entry["comparator"]]
    assert entry["verdict"] in (Verdict.LOOSENED, Verdict.SUSPICIOUS)
    Severity(entry["severity"])
    for key in ("title", "reason", "remediation", "source"):
        assert entry[key].strip(), key
    assert len(entry["title"]) <= 60
    assert entry["reason"].endswith(".") and entry["remediation"].endswith(".")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_comparator_keys(entry: dict[str, Any]) -> None:
    comparator = entry["comparator"]
    assert ("order" in entry) == (comparator == "ENUM")
    assert ("loose" in entry) == (comparator in LOOSE)
    if comparator == "ENUM":
        assert len(set(entry["order"])) == len(entry["order"]) >= 2
        assert entry.get("absent", entry["order"][0]) in entry["order"]
    if comparator in LOOSE:
        assert entry["loose"] in LOOSE[comparator]
    if "absent" in entry:
        assert comparator in ("ENUM", "BOOL", "NUM")
    if comparator in ("HASH", "REF"):
        assert entry["verdict"] == Verdict.SUSPICIOUS


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_references_have_their_form(entry: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", attack) for attack in entry["attack"])
    assert all(re.fullmatch(r"[a-z0-9.-]+:[\w.()-]+", control) for control in entry["controls"])
    # NOTE: ATT&CK v19 moved these to T1685 and T1686.
    assert not {"T1562", "T1562.007", "T1562.008"} & set(entry["attack"])


def test_one_column_is_judged_by_one_rule_of_a_kind() -> None:
    keys = [(e["table"], e["column"], e["comparator"]) for e in ENTRIES]
    assert sorted(set(keys)) == sorted(keys)
