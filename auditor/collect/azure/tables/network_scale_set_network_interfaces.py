"""Network interfaces of the members of uniform scale sets, which no other listing shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.interfaces import INTERFACE_COLUMNS, interface_row
from auditor.collect.table import Raw, ResourceTable

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each network interface of each uniform scale set."""
    sets = [one for one in scope.index("virtualMachineScaleSets") if one.is_uniform]
    yield from scope.nested(sets, "networkInterfaces", versions.SCALE_SET_NETWORK)


TABLE = ResourceTable(
    title="Network interfaces of scale sets",
    description="Interfaces of members of uniform scale sets: what may reach them.",
    columns=INTERFACE_COLUMNS,
    permissions=(
        "Microsoft.Compute/virtualMachineScaleSets/read",
        "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read",
    ),
    fetch=fetch,
    transform=interface_row,
    regional=False,
    owner="machine_id",
)
