"""Compute Engine settings of the project: metadata that every instance in it inherits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.metadata import METADATA_COLUMNS, metadata_columns, without_values
from auditor.collect.gcp.names import gcp_common, instant
from auditor.collect.table import Raw, ResourceTable, sorted_set, strings, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield the project, without the values of its metadata."""
    yield _clean(scope.get(""))


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of the project."""
    raw = _clean(raw)
    return {
        **gcp_common(scope, raw),
        **metadata_columns(raw.get("commonInstanceMetadata")),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "default_service_account": raw.get("defaultServiceAccount"),
        "default_network_tier": raw.get("defaultNetworkTier"),
        "shared_vpc_status": raw.get("xpnProjectStatus"),
        "vm_dns_setting": raw.get("vmDnsSetting"),
        "cloud_armor_tier": raw.get("cloudArmorTier"),
        "enabled_features": sorted_set(raw.get("enabledFeatures") or ()),
        "usage_export_bucket": (raw.get("usageExportLocation") or {}).get("bucketName"),
    }


def _clean(raw: Raw) -> dict[str, Any]:
    clean = dict(raw)
    if clean.get("commonInstanceMetadata"):
        clean["commonInstanceMetadata"] = without_values(clean["commonInstanceMetadata"])
    return clean


TABLE = ResourceTable(
    title="Compute Engine project settings",
    description="Metadata common to all instances of the project, and its defaults.",
    columns=(
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        *METADATA_COLUMNS,
        text("default_service_account", "Service account that new instances run as by default."),
        text("default_network_tier", "Network tier of new external addresses."),
        text("shared_vpc_status", "HOST if it shares its networks with other projects."),
        text("vm_dns_setting", "Kind of internal DNS names."),
        text("cloud_armor_tier", "Tier of Cloud Armor."),
        strings("enabled_features", "Features that are switched on."),
        text("usage_export_bucket", "Bucket that usage reports go to."),
    ),
    permissions=("compute.projects.get",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
