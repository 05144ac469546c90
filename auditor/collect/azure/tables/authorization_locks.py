"""Management locks: what cannot be deleted or changed while they are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, props
from auditor.collect.table import Raw, ResourceTable, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope

KIND = "/providers/microsoft.authorization/locks/"


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each lock on the subscription and on everything in it."""
    yield from scope.pages("/providers/Microsoft.Authorization/locks", versions.LOCKS)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one lock."""
    found = props(raw)
    return {
        **arm_common(scope, raw),
        "locked_id": str(arm_id(raw["id"])).rpartition(KIND)[0] or None,
        "level": found.get("level"),
        "notes": found.get("notes"),
        "owner_application_ids": sorted_set(
            owner.get("applicationId") for owner in found.get("owners") or ()
        ),
    }


TABLE = ResourceTable(
    title="Management locks",
    description="Locks that keep subscriptions, resource groups and resources from changes.",
    columns=(
        text("locked_id", "Id of what is locked."),
        text("level", "CanNotDelete or ReadOnly."),
        text("notes", "Text that people gave it."),
        strings("owner_application_ids", "Applications that own it."),
    ),
    permissions=("Microsoft.Authorization/locks/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
