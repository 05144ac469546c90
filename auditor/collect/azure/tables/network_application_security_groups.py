"""Application security groups: names for sets of interfaces that rules refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, props
from auditor.collect.table import Raw, ResourceTable, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each application security group of the subscription."""
    yield from scope.pages(
        "/providers/Microsoft.Network/applicationSecurityGroups", versions.NETWORK
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one group; its members are in the rows of interfaces."""
    found = props(raw)
    return {
        **arm_common(scope, raw, incarnation_id=found.get("resourceGuid")),
        "resource_guid": found.get("resourceGuid"),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Application security groups",
    description="Groups of interfaces that rules of network security groups refer to.",
    columns=(
        text("resource_guid", "Id that is new when it is created again under the same name."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Network/applicationSecurityGroups/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
