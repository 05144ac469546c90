"""Members of scale sets, as the scale set itself lists them.

Membership comes from the controller: what a machine says of itself can be set by anyone who may
change the machine. Members of uniform sets are listed nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, arm_id, instant, parent, props, refs
from auditor.collect.azure.machine import (
    APPLICATION_COLUMNS,
    IDENTITY_COLUMNS,
    IMAGE_COLUMNS,
    OS_COLUMNS,
    SECURITY_COLUMNS,
    applications,
    document_of,
    extension_line,
    identity,
    image,
    operating_system,
    security,
)
from auditor.collect.azure.scalesets import TEMPLATE_NETWORK_COLUMNS, template_network
from auditor.collect.azure.storage import MACHINE_DISK_COLUMNS, machine_disks
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each member of each scale set."""
    sets = scope.index("virtualMachineScaleSets")
    yield from scope.nested(sets, "virtualMachines", versions.COMPUTE)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one member."""
    found, owner = props(raw), raw.get("_owner") or {}
    disks = found.get("storageProfile") or {}
    document = document_of(raw, "osProfile", "userData")
    if raw.get("resources"):
        document["resources"] = sorted(extension_line(item) for item in raw["resources"])
    return {
        **arm_common(
            scope,
            raw,
            incarnation_id=found.get("vmId"),
            location=raw.get("location") or owner.get("location"),
            document=document,
        ),
        "scale_set_id": arm_id(owner.get("id")) or parent(raw["id"]),
        "provisioning_state": found.get("provisioningState"),
        "time_created": instant(found.get("timeCreated")),
        **_member(raw, found),
        **identity(raw),
        **security(found.get("securityProfile") or {}),
        **operating_system(found.get("osProfile") or {}),
        **image(disks),
        **machine_disks(disks),
        **applications(found),
        **template_network(found.get("networkProfileConfiguration") or {}),
    }


def _member(raw: Raw, found: Item) -> dict[str, Any]:
    protection = found.get("protectionPolicy") or {}
    return {
        "instance_id": raw.get("instanceId"),
        "vm_id": found.get("vmId"),
        "virtual_machine_id": arm_id(found.get("virtualMachineResourceId")),
        "vm_size": (raw.get("sku") or {}).get("name"),
        "latest_model_applied": found.get("latestModelApplied"),
        "model_definition_applied": found.get("modelDefinitionApplied"),
        "protect_from_scale_in": protection.get("protectFromScaleIn"),
        "protect_from_scale_set_actions": protection.get("protectFromScaleSetActions"),
        "network_interface_ids": refs((found.get("networkProfile") or {}).get("networkInterfaces")),
        "extensions": sorted_set(
            extension_line(item) for item in raw.get("resources") or () if props(item)
        ),
        "zones": sorted_set(raw.get("zones") or ()),
    }


TABLE = ResourceTable(
    title="Members of virtual machine scale sets",
    description="Machines of scale sets, with whether they still follow the set's template.",
    columns=(
        text("scale_set_id", "resource_id of the scale set that lists it."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
        timestamp("time_created", "When it was created."),
        text("instance_id", "Number or name of the member within its set."),
        text("vm_id", "Id that no other machine has."),
        text("virtual_machine_id", "resource_id of the virtual machine, of a flexible set."),
        text("vm_size", "Hardware size."),
        boolean("latest_model_applied", "Whether it has the newest template of its set."),
        text("model_definition_applied", "VirtualMachine if it was changed apart from its set."),
        boolean("protect_from_scale_in", "Whether it stays when the set shrinks."),
        boolean("protect_from_scale_set_actions", "Whether changes of the set pass it by."),
        strings("network_interface_ids", "Its network interfaces."),
        strings("extensions", "Its extensions, one line each; settings as hashes."),
        strings("zones", "Availability zone."),
        *IDENTITY_COLUMNS,
        *SECURITY_COLUMNS,
        *OS_COLUMNS,
        *IMAGE_COLUMNS,
        *MACHINE_DISK_COLUMNS,
        *APPLICATION_COLUMNS,
        *TEMPLATE_NETWORK_COLUMNS,
    ),
    permissions=(
        "Microsoft.Compute/virtualMachineScaleSets/read",
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="scale_set_id",
)
