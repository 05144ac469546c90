"""Azure and Google Cloud through the command line: attacks are found, gaps stay gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from auditor.simcloud import Fault
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.azure import scenarios as on_azure
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from auditor.simcloud.gcp import scenarios as on_gcp
from tests.e2e.conftest import Cli, read
from tests.harness import section

LOCATION = "westeurope"
CHAIN = "snapshot_instance_chain"


@dataclass
class World:
    """A subscription and a project more than is harmed, in each cloud."""

    cli: Cli
    azure: SimAzure
    gcp: SimGcp

    @property
    def subscriptions(self) -> list[str]:
        return list(self.azure.estate.subscriptions)

    @property
    def projects(self) -> list[str]:
        return list(self.gcp.estate.projects)


@pytest.fixture
def world(cli: Cli) -> Iterator[World]:
    machines = azure_estate(subscriptions=4, locations=[LOCATION], machines=20)
    instances = gcp_estate(projects=4, instances=20)
    with SimAzure(machines) as azure, SimGcp(instances) as gcp:
        cli.configure(
            "[aws]\nenabled = false\n[run]\nmax_attempts = 2\nread_timeout = 3\ndeadline = 90\n"
            'tables = ["azure_compute_virtual_machines", "azure_network_security_group*", '
            '"azure_network_interfaces", "gcp_compute_instances", "gcp_compute_firewalls", '
            '"azure_compute_disks", "azure_compute_snapshots", "gcp_compute_disks", '
            '"gcp_compute_snapshots"]\n'
            + section("azure", azure.configuration())
            + section("gcp", gcp.configuration())
        )
        assert cli.run()[0] == 4
        assert cli("baseline", "approve", "--reason", "all of it", "--yes").returncode == 0
        assert cli.run()[0] == 0
        yield World(cli, azure, gcp)


def status(document: dict[str, Any]) -> dict[str, set[tuple[str, str | None]]]:
    """Outcomes by account."""
    found: dict[str, set[tuple[str, str | None]]] = {}
    for item in read(document):
        found.setdefault(item["account_id"], set()).add((item["status"], item["error_kind"]))
    return found


def test_the_chain_is_found_and_churn_is_not(world: World) -> None:
    subscription, project = world.subscriptions[0], world.projects[0]
    on_azure.churn_public_addresses(world.azure.estate, subscription, LOCATION)
    on_azure.shuffle(world.azure.estate, subscription, LOCATION)
    on_gcp.churn_public_addresses(world.gcp.estate, project)
    on_gcp.shuffle(world.gcp.estate, project)
    assert world.cli.run()[0] == 0
    on_azure.snapshot_chain(world.azure.estate, subscription, LOCATION)
    on_azure.disable_secure_boot(world.azure.estate, subscription, LOCATION)
    on_azure.recreate_vm(world.azure.estate, subscription, LOCATION)
    on_gcp.snapshot_chain(world.gcp.estate, project)
    on_gcp.serial_port_on(world.gcp.estate, project)
    code, drift = world.cli.run()
    assert code == 3
    found = {(f["cloud"], f["query_id"], f["verdict"]) for f in drift["findings"]}
    assert found >= {
        ("azure", "new_instance", "NEW"),
        ("azure", "new_security_group", "NEW"),
        ("azure", "setting_changed", "LOOSENED"),
        ("azure", "replaced_instance", "REPLACED"),
        ("gcp", "new_instance", "NEW"),
        ("gcp", "new_security_group", "NEW"),
        ("gcp", "setting_changed", "LOOSENED"),
    }
    chains = {f["cloud"]: f for f in drift["findings"] if f["query_id"] == CHAIN}
    assert {cloud: f["severity"] for cloud, f in chains.items()} == {
        "azure": "critical",
        "gcp": "critical",
    }
    for chain in chains.values():
        assert re.fullmatch(
            r"disk \S+ -> snapshot \S+ -> disk \S+ -> instance \S+; it has a public address.*",
            chain["reason"],
        )
    assert {f["account_id"] for f in drift["findings"]} == {subscription, project}
    rows = world.cli.json("query", "SELECT cloud, count(*) AS n FROM instances GROUP BY 1")
    assert {r["cloud"] for r in rows} == {"azure", "gcp"}


def test_denied_throttled_and_cut_accounts(world: World) -> None:
    for cloud, accounts in ((world.azure, world.subscriptions), (world.gcp, world.projects)):
        denied, throttled, cut, _ = accounts
        cloud.inject(
            Fault("deny", account=denied),
            Fault("throttle", account=throttled),
            Fault("cut", account=cut),
        )
    code, dark = world.cli.run()
    assert code == 4
    for accounts in (world.subscriptions, world.projects):
        outcome = status(dark)
        assert outcome[accounts[0]] == {("denied", "denied")}
        assert outcome[accounts[1]] == {("throttled", "throttled")}
        assert {s for s, _ in outcome[accounts[2]]} == {"failed"}
        assert outcome[accounts[3]] == {("complete", None)}
    assert {f["verdict"] for f in dark["findings"]} == {"UNKNOWN"}
    on_azure.disable_secure_boot(world.azure.estate, world.subscriptions[3], LOCATION)
    on_gcp.serial_port_on(world.gcp.estate, world.projects[3])
    code, drift = world.cli.run()
    assert code == 3
    assert {f["verdict"] for f in drift["findings"]} == {"UNKNOWN", "LOOSENED"}
    world.azure.inject()
    world.gcp.inject()
    code, whole = world.cli.run()
    assert code == 3
    found = {(f["verdict"], f["status"], f["account_id"]) for f in whole["findings"]}
    dark_ones = world.subscriptions[:3] + world.projects[:3]
    assert found == {
        *(("UNKNOWN", "resolved", account) for account in dark_ones),
        ("LOOSENED", "open", world.subscriptions[3]),
        ("LOOSENED", "open", world.projects[3]),
    }
