"""The collector against the simulated Google Cloud: whatever is there becomes a row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.collect import engine
from auditor.collect.progress import Progress
from auditor.config import Config
from auditor.model import Coverage, Status
from auditor.simcloud.gcp import SimGcp, generate
from tests.gcp_stub import quick, use_environment

COLLECTIONS = {
    "gcp_compute_disks": "disks",
    "gcp_compute_firewalls": "firewalls",
    "gcp_compute_image_iam_bindings": "images",
    "gcp_compute_images": "images",
    "gcp_compute_instance_group_managers": "groups",
    "gcp_compute_instance_iam_bindings": "instances",
    "gcp_compute_instance_templates": "templates",
    "gcp_compute_instances": "instances",
    "gcp_compute_machine_images": "machine_images",
    "gcp_compute_network_firewall_policies": "policies",
    "gcp_compute_networks": "networks",
    "gcp_compute_routes": "routes",
    "gcp_compute_snapshot_iam_bindings": "snapshots",
    "gcp_compute_snapshots": "snapshots",
    "gcp_compute_subnetworks": "subnetworks",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(monkeypatch)


def collected(sim: SimGcp, **gcp: Any) -> dict[tuple[str, str], Coverage]:
    """Return the coverage of everything in the simulated cloud, by project and table."""
    on = {"iam": True, "instance_creators": True, "audit_log": True}
    section = {**sim.configuration(), **on, **gcp}
    config = Config.model_validate({"aws": {"enabled": False}, "gcp": section})
    context = quick()
    context.since = lambda table, scope: datetime(2000, 1, 1, tzinfo=UTC)
    found = engine.collect(config, lambda *_: None, context=context, progress=Progress())
    return {(c.scope.account_id, c.table): c for c in found}


def test_every_table_reads_all_there_is() -> None:
    estate = generate(projects=["acme-one", "acme-two"], instances=60, seed=7)
    with SimGcp(estate) as sim:
        found = collected(sim, projects=[], organization=estate.organization)
    assert {project for project, _ in found} == set(estate.projects)
    for (project, table), coverage in found.items():
        elsewhere = table == "gcp_compute_firewall_policies" and project != "acme-one"
        assert coverage.status is (Status.SKIPPED if elsewhere else Status.COMPLETE), coverage
        assert coverage.rows or elsewhere, coverage
        if table in COLLECTIONS:
            assert coverage.rows == len(getattr(estate.projects[project], COLLECTIONS[table]))
