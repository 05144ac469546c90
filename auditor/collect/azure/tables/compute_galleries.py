"""Compute galleries: one row each, with whom their images are shared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, props
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each gallery, with the subscriptions and tenants that only a call of its own names."""

    def whole(gallery: Raw) -> Raw:
        return scope.get(gallery["id"], versions.GALLERIES, **{"$expand": "SharingProfile/Groups"})

    listed = scope.pages("/providers/Microsoft.Compute/galleries", versions.GALLERIES)
    for found in scope.each(whole, listed):
        if found is not None:
            yield found


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one gallery."""
    found = props(raw)
    sharing = found.get("sharingProfile") or {}
    community = sharing.get("communityGalleryInfo") or {}
    identifier = found.get("identifier") or {}
    return {
        **arm_common(scope, raw),
        "unique_name": identifier.get("uniqueName"),
        "description": found.get("description"),
        "sharing_permissions": sharing.get("permissions"),
        "shared_with": sorted_set(
            f"{group.get('type')} {one}"
            for group in sharing.get("groups") or ()
            for one in group.get("ids") or ()
        ),
        "community_gallery_enabled": community.get("communityGalleryEnabled"),
        "community_public_names": sorted_set(community.get("publicNames") or ()),
        "community_publisher_uri": community.get("publisherUri"),
        "soft_delete_enabled": (found.get("softDeletePolicy") or {}).get("isSoftDeleteEnabled"),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Compute galleries",
    description="Galleries of images and applications, with whom they are shared.",
    columns=(
        text("unique_name", "Name that no other gallery has."),
        text("description", "Text that people gave it."),
        text("sharing_permissions", "Private, Groups or Community."),
        strings("shared_with", "Subscriptions and tenants that it is shared with."),
        boolean("community_gallery_enabled", "Whether anybody may use its images."),
        strings("community_public_names", "Names under which anybody finds it."),
        text("community_publisher_uri", "Page of its publisher."),
        boolean("soft_delete_enabled", "Whether deleted images can be restored."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Compute/galleries/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
