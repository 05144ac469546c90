"""Calls that change one setting of an instance or of the project, with their log entries.

The caller holds the lock of the estate.
"""

from __future__ import annotations

from auditor.simcloud.gcp.changes import Site
from auditor.simcloud.gcp.machines import metadata, tags
from auditor.simcloud.gcp.wire import Resource


def set_tags(here: Site, path: str, items: list[str]) -> None:
    """Give an instance other network tags."""
    instance = here.project.instances.edit(path)
    instance["tags"] = tags(sorted(items))
    request = {"tags": sorted(items), "fingerprint": instance["tags"]["fingerprint"]}
    here.journal.write("instances.setTags", path, instance["id"], request)


def set_metadata(here: Site, path: str, changes: dict[str, str]) -> None:
    """Add or change metadata of an instance; the log has the keys, not the values."""
    instance = here.project.instances.edit(path)
    known = {item["key"]: item["value"] for item in instance["metadata"]["items"]}
    delta = _delta(known, changes)
    items = [{"key": key, "value": value} for key, value in (known | changes).items()]
    instance["metadata"] = metadata(items)
    kind = "type.googleapis.com/google.cloud.audit.GceInstanceAuditMetadata"
    more = {"@type": kind, "instanceMetadataDelta": delta}
    here.journal.write("instances.setMetadata", path, instance["id"], metadata=more)


def set_common_metadata(here: Site, changes: dict[str, str]) -> None:
    """Add or change metadata of the project."""
    delta = _delta(here.project.metadata, changes)
    here.project.set_metadata(changes)
    kind = "type.googleapis.com/google.cloud.audit.GceProjectAuditMetadata"
    more = {"@type": kind, "projectMetadataDelta": delta}
    id_ = here.project.details["id"]
    here.journal.write("projects.setCommonInstanceMetadata", "", id_, metadata=more)


def _delta(known: dict[str, str], changes: dict[str, str]) -> Resource:
    added = sorted(set(changes) - set(known))
    modified = sorted(key for key in changes if key in known and known[key] != changes[key])
    return ({"addedMetadataKeys": added} if added else {}) | (
        {"modifiedMetadataKeys": modified} if modified else {}
    )
