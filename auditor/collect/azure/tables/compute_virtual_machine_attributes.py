"""Virtual machine attributes: what only a call per machine tells, user data as a hash.

User data holds passwords more often than not. It is hashed as soon as it has been read: neither
row nor document nor error ever carries it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id
from auditor.collect.table import Raw, ResourceTable, integer, text
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope, Ref


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield the attributes of each machine and scale set that still exists."""
    if not scope.instance_attributes:
        raise CollectError(
            "switched off in the configuration",
            status=Status.SKIPPED,
            kind="configuration",
            hint="set azure.instance_attributes = true to read it",
        )

    def read(holder: Ref) -> Raw:
        answer = scope.get(holder.id, versions.COMPUTE, **{"$expand": "userData"})
        return _without_user_data(answer)

    holders = [*scope.index("virtualMachines"), *scope.index("virtualMachineScaleSets")]
    for found in scope.each(read, holders):
        if found is not None:
            yield found


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one machine's attributes, under the resource_id of the machine."""
    raw = _without_user_data(raw)
    user_data = raw.get("userData") or {}
    return {
        **arm_common(scope, raw, incarnation_id=raw.get("incarnationId")),
        "machine_id": arm_id(raw["id"]),
        "user_data_sha256": user_data.get("sha256"),
        "user_data_length": user_data.get("length"),
    }


def _without_user_data(answer: Raw) -> dict[str, Any]:
    """Return id, place and the hash of the user data of an answer, and nothing else of it."""
    if "properties" not in answer:
        return dict(answer)
    found = answer["properties"] or {}
    encoded = found.get("userData") or (found.get("virtualMachineProfile") or {}).get("userData")
    kept = {k: v for k, v in answer.items() if k not in ("properties", "resources", "identity")}
    kept["incarnationId"] = found.get("vmId") or found.get("uniqueId")
    kept["userData"] = _hashed(encoded) if encoded else None
    return kept


def _hashed(encoded: str) -> dict[str, Any]:
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        content = encoded.encode()
    return {"sha256": hashlib.sha256(content).hexdigest(), "length": len(content)}


TABLE = ResourceTable(
    title="Virtual machine attributes",
    description="Attributes that cost a call per machine; see azure.instance_attributes.",
    columns=(
        text("machine_id", "resource_id of the virtual machine or scale set."),
        text(
            "user_data_sha256", "sha256 (hex) of the decoded user data; nothing if there is none."
        ),
        integer("user_data_length", "Length of the decoded user data in bytes."),
    ),
    permissions=(
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachineScaleSets/read",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="machine_id",
    switch="instance_attributes",
)
