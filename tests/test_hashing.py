"""Hashes that stores of earlier versions hold: computed again, they must come out the same."""

from __future__ import annotations

from datetime import UTC, datetime

from auditor.collect.batch import prepare
from auditor.collect.catalog import all_tables
from auditor.store.hashing import row_hash


def test_the_hash_of_a_row_stays_what_it_was() -> None:
    row = {"name": "web", "tags": '{"a":1}', "count": 3, "gone": None, "ips": ["10.0.0.1"]}
    assert row_hash({**row, "ok": True}) == "3b764d68-0f1e-81b4-08b1-2db1e822ca3c"


def test_a_prepared_row_has_the_hashes_of_what_it_stores() -> None:
    table = next(t for t in all_tables() if t.name == "gcp_compute_instances")
    prepared = prepare(
        table,
        {
            "cloud": "gcp",
            "account_id": "acme",
            "region": "europe-west1",
            "resource_id": "//compute.googleapis.com/x",
            "tags": {"b": "2", "a": "1"},
            "networks": ["z", "y", "z"],
            "disk_count": 1,
            "vtpm": False,
            "creation_time": datetime(2026, 4, 1, tzinfo=UTC),
            "public_ips": ["192.0.2.1"],
        },
    )
    stored = {k: v for k, v in prepared.items() if k not in ("row_hash", "evidence_hash")}
    stable = {c.name: stored[c.name] for c in table.columns if not c.volatile}
    assert stored.keys() == {c.name for c in table.columns}
    assert (stored["tags"], stored["networks"]) == ('{"a":"1","b":"2"}', ["y", "z"])
    assert prepared["row_hash"] == row_hash(stable)
    assert prepared["evidence_hash"] == row_hash(stored) != prepared["row_hash"]
