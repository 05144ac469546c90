"""Public addresses: one row each, with what uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.interfaces import PUBLIC_ADDRESS_COLUMNS, public_address_row
from auditor.collect.table import Raw, ResourceTable

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each public address of the subscription."""
    yield from scope.pages("/providers/Microsoft.Network/publicIPAddresses", versions.NETWORK)


TABLE = ResourceTable(
    title="Public addresses",
    description="Public addresses, with the interface, load balancer or gateway that uses each.",
    columns=PUBLIC_ADDRESS_COLUMNS,
    permissions=("Microsoft.Network/publicIPAddresses/read",),
    fetch=fetch,
    transform=public_address_row,
    regional=False,
    owner="holder_id",
)
