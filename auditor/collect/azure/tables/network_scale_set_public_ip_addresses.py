"""Public addresses of the members of uniform scale sets, which no other listing shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.interfaces import PUBLIC_ADDRESS_COLUMNS, public_address_row
from auditor.collect.table import Raw, ResourceTable

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each public address of each uniform scale set."""
    sets = [one for one in scope.index("virtualMachineScaleSets") if one.is_uniform]
    yield from scope.nested(sets, "publicipaddresses", versions.SCALE_SET_NETWORK)


TABLE = ResourceTable(
    title="Public addresses of scale sets",
    description="Public addresses of members of uniform scale sets.",
    columns=PUBLIC_ADDRESS_COLUMNS,
    permissions=(
        "Microsoft.Compute/virtualMachineScaleSets/read",
        "Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses/read",
    ),
    fetch=fetch,
    transform=public_address_row,
    regional=False,
    owner="holder_id",
)
