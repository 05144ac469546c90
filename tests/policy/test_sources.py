"""Where rules come from: every file of `queries/policy`, and data that nobody can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.policy.intervals import intersection, network_bounds
from auditor.policy.sources import COLUMNS, SIDES, source_files
from auditor.store.selects import create_view
from tests.policy.world import compared

NETWORK = "projects/project-1/global/networks/default"


def test_every_file_is_a_view_of_both_sides(tmp_path: Path) -> None:
    """A file is left out where the store lacks its tables; a misspelt name must not look so."""
    with compared(tmp_path, {}, {}) as con:
        for part in COLUMNS:
            for path in source_files(part):
                for side in SIDES:
                    name = f"all_{part}_{path.stem}"
                    assert create_view(con, side, name, path)
                    con.execute(f"SELECT * FROM {side}.{name}")
            con.execute(f"SELECT * FROM snapshot.policy_{part}")


def test_files_of_empty_tables_are_left_out(tmp_path: Path) -> None:
    """Only those: a side may have rows that the other one does not."""
    firewall = {"name": "a", "selfLink": "projects/p/global/firewalls/a", "network": NETWORK}
    with compared(tmp_path, {}, {"gcp_compute_firewalls": [firewall]}) as con:
        names = con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'baseline'")
        views = {name for (name,) in names.fetchall() if name.startswith("policy_rules_")}
    assert views == {"policy_rules_built_in", "policy_rules_gcp_firewalls"}


def test_an_address_of_a_member_that_nobody_can_read(tmp_path: Path) -> None:
    firewall = {
        "name": "a",
        "selfLink": "projects/project-1/global/firewalls/a",
        "network": NETWORK,
        "sourceTags": ["app"],
        "allowed": [{"IPProtocol": "tcp"}],
    }
    instance = {
        "name": "vm-1",
        "selfLink": "projects/project-1/zones/z-a/instances/vm-1",
        "tags": {"items": ["app"]},
        "networkInterfaces": [{"network": NETWORK, "networkIP": "10.0.0.x"}],
    }
    before = {"gcp_compute_networks": [{"name": "default", "selfLink": NETWORK}]}
    after = {**before, "gcp_compute_firewalls": [firewall], "gcp_compute_instances": [instance]}
    with compared(tmp_path, before, after) as con:
        problems = con.execute("SELECT rule_id, problem FROM policy.problems").fetchall()
    assert problems == [("a", "'10.0.0.x' is no network")]


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"),
        ("10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16"),
        ("10.0.0.0/8", "11.0.0.0/8", None),
        ("::/0", "0.0.0.0/0", None),
    ],
)
def test_intersection(one: str, other: str, common: str | None) -> None:
    found = list(intersection([network_bounds(one)], [network_bounds(other)]))
    assert found == ([network_bounds(common)] if common else [])
