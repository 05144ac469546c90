"""Compute Engine settings of a zone: metadata between that of the project and of an instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.metadata import METADATA_COLUMNS, metadata_columns, without_values
from auditor.collect.gcp.names import COMPUTE, region_of, short
from auditor.collect.table import Raw, ResourceTable, common, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield the settings of each zone, without the values of their metadata."""

    def settings(zone: Raw) -> Raw:
        answer = scope.get(f"zones/{zone['name']}/instanceSettings")
        return _clean({**answer, "zone": zone["name"]})

    for raw in scope.each(settings, scope.pages("zones")):
        if raw is not None:
            yield raw


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one zone's settings."""
    raw = _clean(raw)
    zone = short(raw["zone"])
    resource_id = f"{COMPUTE}projects/{scope.account_id}/zones/{zone}/instanceSettings"
    return {
        **common(scope, resource_id, name=zone, region=region_of({"zone": zone}), raw=raw),
        "zone": zone,
        **metadata_columns(raw.get("metadata")),
    }


def _clean(raw: Raw) -> dict[str, Any]:
    clean = dict(raw)
    if clean.get("metadata"):
        clean["metadata"] = without_values(clean["metadata"])
    return clean


TABLE = ResourceTable(
    title="Compute Engine zone settings",
    description="Metadata common to all instances of a zone.",
    columns=(text("zone", "Zone that they hold in."), *METADATA_COLUMNS),
    permissions=("compute.zones.list", "compute.instanceSettings.get"),
    fetch=fetch,
    transform=transform,
    regional=False,
)
