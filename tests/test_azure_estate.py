"""Every table of Azure against a simulated subscription: complete, unique ids, no slow rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditor.collect.azure.scope import AzureScope
from auditor.collect.azure.session import accounts
from auditor.collect.batch import prepare
from auditor.collect.catalog import all_tables
from auditor.collect.redact import is_clean
from auditor.collect.table import ResourceTable
from auditor.simcloud.azure import SimAzure, generate
from tests.azure_stub import config, quick

TABLES = [table for table in all_tables() if table.cloud == "azure"]
EMPTY = ("azure_monitor_activity_log_events",)
"""Tables that an estate in which nothing has happened yet has no rows for."""


@pytest.fixture(scope="module")
def scope() -> Iterator[AzureScope]:
    with SimAzure(generate(locations=("eastus", "westeurope"), machines=40, seed=3)) as cloud:
        on = {"activity_log": True, "instance_creators": True}
        found = accounts(config(cloud.url, subscriptions=[], **on), quick())
        found[0].open()
        yield found[0].scopes(regional=False)[0]
        found[0].close()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_table_is_read_whole(table: ResourceTable, scope: AzureScope) -> None:
    rows = [prepare(table, table.transform(raw, scope.scope)) for raw in table.fetch(scope)]
    assert len({row["resource_id"] for row in rows}) == len(rows)
    assert bool(rows) == (table.name not in EMPTY)
    assert all(row["account_id"] == scope.scope.account_id for row in rows)


def test_paths_are_no_secrets() -> None:
    path = "/providers/Microsoft/Compute/virtualMachineScaleSets/web1/virtualMachines/0"
    assert is_clean({}, [path, path.lower(), f'{{"etag": "W/\\"1\\"", "id": "{path}"}}'])
    assert not is_clean({}, ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"])
