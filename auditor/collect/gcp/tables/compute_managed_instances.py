"""Members of managed instance groups, as the group's own controller lists them.

Metadata such as `created-by` says the same, and anyone who may set metadata can forge it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.metadata import digest_of, hashed_object
from auditor.collect.gcp.names import COMPUTE, full_name, reference, region_of, short
from auditor.collect.table import Raw, ResourceTable, common, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

_STATES = ("preservedStateFromConfig", "preservedStateFromPolicy")


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each member of each group, with the group that lists it."""

    def members(group: Raw) -> list[dict[str, Any]]:
        path = "/" + full_name(group["selfLink"]).removeprefix(COMPUTE)
        listed = scope.pages(f"{path}/listManagedInstances", "managedInstances", method="POST")
        return [_clean({**member, "group": group["selfLink"]}) for member in listed]

    groups = scope.aggregated("instanceGroupManagers", "instanceGroupManagers")
    for found in scope.each(members, groups):
        yield from found or ()


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one member."""
    raw = _clean(raw)
    group, instance = full_name(raw["group"]), reference(raw.get("instance"))
    name = raw.get("name") or short(instance)
    config = raw.get("preservedStateFromConfig") or {}
    version = raw.get("version") or {}
    return {
        **common(
            scope,
            f"{group}/managedInstances/{name}",
            name=name,
            incarnation_id=str(raw["id"]) if raw.get("id") else None,
            region=region_of({"selfLink": raw.get("instance") or raw["group"]}),
            raw=raw,
        ),
        "group_id": group,
        "instance_id": instance,
        "instance_template": reference(version.get("instanceTemplate")),
        "version_name": version.get("name"),
        "current_action": raw.get("currentAction"),
        "instance_status": raw.get("instanceStatus"),
        "target_status": raw.get("targetStatus"),
        "health_states": sorted_set(
            health.get("detailedHealthState") for health in raw.get("instanceHealth") or ()
        ),
        "preserved_disks": sorted(config.get("disks") or ()),
        "preserved_metadata_keys": sorted(config.get("metadata") or ()),
        "preserved_state_hash": digest_of(config) if config else None,
    }


def _clean(raw: Raw) -> dict[str, Any]:
    """Return a member with hashes in place of the metadata that the group keeps for it."""
    clean = dict(raw)
    for key in _STATES:
        state = clean.get(key) or {}
        if isinstance(state.get("metadata"), Mapping):
            hashed = hashed_object(state["metadata"])
            clean[key] = {**state, "metadata": hashed}
    return clean


TABLE = ResourceTable(
    title="Members of managed instance groups",
    description="Instances that a managed instance group confirms as its members.",
    columns=(
        text("group_id", "Group that lists it."),
        text("instance_id", "The instance."),
        text("instance_template", "Template that it is made from."),
        text("version_name", "Version of the group that it belongs to."),
        text(
            "current_action",
            "What the group is doing to it: NONE, CREATING and so on.",
            volatile=True,
        ),
        text("instance_status", "State of the instance.", volatile=True),
        text("target_status", "State that the group wants it in.", volatile=True),
        strings("health_states", "What its health checks say.", volatile=True),
        strings("preserved_disks", "Disks that the group keeps for just this member."),
        strings("preserved_metadata_keys", "Metadata that the group keeps for just this member."),
        text("preserved_state_hash", "Hash over all that the group keeps for just this member."),
    ),
    permissions=(
        "compute.instanceGroupManagers.list",
        "compute.instanceGroupManagers.get",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="group_id",
)
