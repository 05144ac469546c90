"""Compute Engine instance templates: what group managers make instances from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.machine import MACHINE_COLUMNS, machine_columns, without_secrets
from auditor.collect.gcp.names import gcp_common, instant, pairs, within
from auditor.collect.table import Raw, ResourceTable, strings, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each template, global and regional, without its secrets."""
    for raw in scope.aggregated("instanceTemplates", "instanceTemplates"):
        yield _clean(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one template."""
    raw = _clean(raw)
    properties = raw.get("properties") or {}
    return {
        **gcp_common(scope, {"labels": properties.get("labels"), **raw}),
        **machine_columns(scope, properties),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "source_instance": within(scope, raw.get("sourceInstance")),
        "resource_manager_tags": pairs(properties.get("resourceManagerTags")),
        "document": raw,
    }


def _clean(raw: Raw) -> dict[str, Any]:
    clean = dict(raw)
    if clean.get("properties"):
        clean["properties"] = without_secrets(clean["properties"])
    return clean


TABLE = ResourceTable(
    title="Compute Engine instance templates",
    description="Templates for instances; a template never changes, a new one takes its place.",
    columns=(
        timestamp("creation_time", "When it was created."),
        text("source_instance", "Instance that it was made from."),
        strings("resource_manager_tags", "Secure tags for its instances, each with its value."),
        *MACHINE_COLUMNS,
    ),
    permissions=("compute.instanceTemplates.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
