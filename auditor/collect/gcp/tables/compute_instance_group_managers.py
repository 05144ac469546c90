"""Managed instance groups: which template they use, and how many instances they keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.metadata import digest_of, hashed_object
from auditor.collect.gcp.names import gcp_common, instant, reference, references, short, zone_of
from auditor.collect.table import (
    Raw,
    ResourceTable,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each managed instance group, zonal and regional."""
    for raw in scope.aggregated("instanceGroupManagers", "instanceGroupManagers"):
        yield _clean(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one managed instance group."""
    raw = _clean(raw)
    everything = (raw.get("allInstancesConfig") or {}).get("properties") or {}
    update = raw.get("updatePolicy") or {}
    return {
        **gcp_common(scope, raw),
        "zone": zone_of(raw),
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "instance_group": reference(raw.get("instanceGroup")),
        "instance_template": reference(raw.get("instanceTemplate")),
        "versions": sorted_set(map(_version, raw.get("versions") or ())),
        "base_instance_name": raw.get("baseInstanceName"),
        "target_size": raw.get("targetSize"),
        "target_stopped_size": raw.get("targetStoppedSize"),
        "target_suspended_size": raw.get("targetSuspendedSize"),
        "update_type": update.get("type"),
        "update_minimal_action": update.get("minimalAction"),
        "update_replacement_method": update.get("replacementMethod"),
        "distribution_zones": sorted_set(
            short(zone.get("zone"))
            for zone in (raw.get("distributionPolicy") or {}).get("zones") or ()
        ),
        "flexible_machine_types": _flexible(raw.get("instanceFlexibilityPolicy") or {}),
        "health_checks": references(
            policy.get("healthCheck") for policy in raw.get("autoHealingPolicies") or ()
        ),
        "overrides_hash": digest_of(everything) if everything else None,
        "stateful_policy_hash": digest_of(_state(raw)) if _state(raw) else None,
        "target_pools": references(raw.get("targetPools")),
        "on_failure": (raw.get("instanceLifecyclePolicy") or {}).get("defaultActionOnFailure"),
    }


def _clean(raw: Raw) -> dict[str, Any]:
    clean = dict(raw)
    everything = clean.get("allInstancesConfig") or {}
    if everything.get("properties"):
        properties = dict(everything["properties"])
        if isinstance(properties.get("metadata"), Mapping):
            # NOTE: an object of key and value here, where an instance has a list of items.
            properties["metadata"] = hashed_object(properties["metadata"])
        clean["allInstancesConfig"] = {**everything, "properties": properties}
    return clean


def _version(version: Mapping[str, Any]) -> str:
    """Return template and share of one version, such as the new one of a canary update."""
    size = version.get("targetSize") or {}
    share = f"{size['percent']}%" if size.get("percent") is not None else size.get("fixed")
    template = reference(version.get("instanceTemplate"))
    return f"{template} {share}" if share is not None else str(template)


def _flexible(policy: Mapping[str, Any]) -> list[str]:
    selections = (policy.get("instanceSelections") or {}).values()
    return sorted({name for choice in selections for name in choice.get("machineTypes") or ()})


def _state(raw: Raw) -> Any:
    return (raw.get("statefulPolicy") or {}).get("preservedState")


TABLE = ResourceTable(
    title="Managed instance groups",
    description="Managed instance groups: the controllers that make and replace instances.",
    columns=(
        text("zone", "Zone that it works in; nothing for a regional one."),
        timestamp("creation_time", "When it was created."),
        text("description", "Text that people gave it."),
        text("instance_group", "Instance group that holds its members."),
        text("instance_template", "Template that new members are made from."),
        strings("versions", "Templates in use, each with its share of the members."),
        text("base_instance_name", "What the names of its members begin with."),
        integer("target_size", "Members that it keeps; an autoscaler sets it.", volatile=True),
        integer("target_stopped_size", "Stopped members that it keeps.", volatile=True),
        integer("target_suspended_size", "Suspended members that it keeps.", volatile=True),
        text("update_type", "PROACTIVE: a new template is rolled out by itself."),
        text("update_minimal_action", "Least that an update does to a member."),
        text("update_replacement_method", "SUBSTITUTE or RECREATE: whether names are kept."),
        strings("distribution_zones", "Zones that a regional group spreads over."),
        strings("flexible_machine_types", "Further machine types that it may use."),
        strings("health_checks", "Health checks that make it replace members."),
        text("overrides_hash", "Hash over metadata and labels that it puts on all members."),
        text("stateful_policy_hash", "Hash over what it preserves of members."),
        strings("target_pools", "Target pools that its members join."),
        text("on_failure", "What it does to a member that failed."),
    ),
    permissions=("compute.instanceGroupManagers.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
