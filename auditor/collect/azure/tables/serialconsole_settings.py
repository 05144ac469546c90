"""Serial console settings: one row per subscription, whether consoles may be opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, props
from auditor.collect.table import Raw, ResourceTable, boolean
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope

PATH = "/providers/Microsoft.SerialConsole/consoleServices/default"


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield the one setting of the subscription."""
    yield scope.get(PATH, versions.SERIAL_CONSOLE)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the one row of a subscription."""
    disabled = props(raw).get("disabled", raw.get("disabled"))
    return {
        **arm_common(scope, raw, resource_id=f"/subscriptions/{scope.account_id}{PATH}".lower()),
        "disabled": disabled,
    }


TABLE = ResourceTable(
    title="Serial console settings",
    description="Whether serial consoles of the subscription's machines may be opened.",
    columns=(boolean("disabled", "Whether the serial console is switched off."),),
    permissions=("Microsoft.SerialConsole/consoleServices/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
