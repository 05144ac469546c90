"""Service tags: the networks behind the names that rules refer to.

Microsoft adds and removes networks every week. The answer is the same for every location: the
location only says which cloud is meant, so one is asked, and none where no network exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, props, region_of
from auditor.collect.azure.secrets import sha256_of
from auditor.collect.table import Raw, ResourceTable, integer, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each service tag of the cloud that the subscription is in."""
    used = sorted({region_of(n.location) for n in scope.index("virtualNetworks") if n.location})
    for location in used[:1]:
        yield from scope.pages(
            f"/providers/Microsoft.Network/locations/{location}/serviceTags",
            versions.NETWORK,
            key="values",
        )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one service tag; the document is without the networks."""
    found = props(raw)
    networks = sorted_set(found.get("addressPrefixes") or ())
    kept = {key: value for key, value in found.items() if key != "addressPrefixes"}
    name = raw["name"].lower()
    base = f"/subscriptions/{scope.account_id}/providers/microsoft.network/servicetags"
    change = found.get("changeNumber")
    return {
        **arm_common(
            scope,
            raw,
            resource_id=f"{base}/{name}",
            location=found.get("region") or None,
            document={**raw, "properties": kept},
        ),
        "system_service": found.get("systemService") or None,
        "change_number": str(change) if change is not None else None,
        "prefix_count": len(networks),
        "prefixes_sha256": sha256_of("\n".join(networks)),
        "address_prefixes": networks,
    }


TABLE = ResourceTable(
    title="Service tags",
    description="Networks of Microsoft's services, by the tags that rules name them with.",
    columns=(
        text("system_service", "Service that the tag is for."),
        text("change_number", "Counts the changes of the tag.", volatile=True),
        integer("prefix_count", "Number of its networks."),
        text("prefixes_sha256", "sha256 (hex) of its networks, sorted, one a line."),
        strings("address_prefixes", "Its networks.", volatile=True),
    ),
    permissions=(
        "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Network/locations/serviceTags/read",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
)
