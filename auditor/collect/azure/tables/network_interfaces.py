"""Network interfaces: one row each, with addresses, policies and the paths that lead to it.

Interfaces of uniform scale sets are not listed here but in a table of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.interfaces import INTERFACE_COLUMNS, interface_row
from auditor.collect.table import Raw, ResourceTable

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each network interface of the subscription."""
    yield from scope.pages("/providers/Microsoft.Network/networkInterfaces", versions.NETWORK)


TABLE = ResourceTable(
    title="Network interfaces",
    description="Interfaces of virtual machines and private endpoints: what may reach them.",
    columns=INTERFACE_COLUMNS,
    permissions=("Microsoft.Network/networkInterfaces/read",),
    fetch=fetch,
    transform=interface_row,
    regional=False,
    owner="machine_id",
)
