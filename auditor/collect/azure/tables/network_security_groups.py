"""Network security groups: one row each; their rules have a table of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, props, refs
from auditor.collect.table import Raw, ResourceTable, boolean, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each network security group of the subscription."""
    yield from scope.pages("/providers/Microsoft.Network/networkSecurityGroups", versions.NETWORK)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one group; who uses it is in the rows of interfaces and subnets."""
    found = props(raw)
    return {
        **arm_common(scope, raw, incarnation_id=found.get("resourceGuid")),
        "flush_connection": found.get("flushConnection"),
        "flow_log_ids": refs(found.get("flowLogs")),
        "network_interface_ids": refs(found.get("networkInterfaces")),
        "subnet_ids": refs(found.get("subnets")),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Network security groups",
    description="Sets of rules that filter the traffic of subnets and interfaces.",
    columns=(
        boolean("flush_connection", "Whether a change of its rules cuts flows that run."),
        strings("flow_log_ids", "Flow logs of its traffic."),
        strings("network_interface_ids", "Interfaces that use it.", volatile=True),
        strings("subnet_ids", "Subnets that use it.", volatile=True),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Network/networkSecurityGroups/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
