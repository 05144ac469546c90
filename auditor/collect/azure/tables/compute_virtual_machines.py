"""Virtual machines: one row each, with every attribute that changes what the machine may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, arm_id, instant, props, ref, refs
from auditor.collect.azure.machine import (
    APPLICATION_COLUMNS,
    IDENTITY_COLUMNS,
    IMAGE_COLUMNS,
    OS_COLUMNS,
    SECURITY_COLUMNS,
    applications,
    document_of,
    identity,
    image,
    is_gpu,
    operating_system,
    security,
)
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
    """Yield each virtual machine of the subscription."""
    yield from scope.pages("/providers/Microsoft.Compute/virtualMachines", versions.COMPUTE)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one virtual machine."""
    found = props(raw)
    disks = found.get("storageProfile") or {}
    document = document_of(raw, "osProfile", "userData")
    return {
        **arm_common(scope, raw, incarnation_id=found.get("vmId"), document=document),
        "vm_id": found.get("vmId"),
        "time_created": instant(found.get("timeCreated")),
        "provisioning_state": found.get("provisioningState"),
        "power_state": _power(found.get("instanceView") or {}),
        **_kind(raw, found),
        **_placement(raw, found),
        **identity(raw),
        **security(found.get("securityProfile") or {}),
        **operating_system(found.get("osProfile") or {}),
        **image(disks),
        **machine_disks(disks),
        **applications(found),
    }


def _kind(raw: Raw, found: Item) -> dict[str, Any]:
    size = (found.get("hardwareProfile") or {}).get("vmSize")
    plan = raw.get("plan") or {}
    network = found.get("networkProfile") or {}
    capabilities = found.get("additionalCapabilities") or {}
    return {
        "vm_size": size,
        "gpu_size": is_gpu(size),
        "network_interface_ids": refs(network.get("networkInterfaces")),
        "priority": found.get("priority"),
        "eviction_policy": found.get("evictionPolicy"),
        "license_type": found.get("licenseType"),
        "plan": "/".join(str(plan.get(k)) for k in ("publisher", "product", "name"))
        if plan
        else None,
        "managed_by": arm_id(raw.get("managedBy")),
        "ultra_ssd_enabled": capabilities.get("ultraSSDEnabled"),
        "hibernation_enabled": capabilities.get("hibernationEnabled"),
        "extension_ids": refs(raw.get("resources")),
    }


def _placement(raw: Raw, found: Item) -> dict[str, Any]:
    reservation = (found.get("capacityReservation") or {}).get("capacityReservationGroup")
    return {
        "zones": sorted_set(raw.get("zones") or ()),
        "extended_location": (raw.get("extendedLocation") or {}).get("name"),
        "availability_set_id": ref(found.get("availabilitySet")),
        "scale_set_id": ref(found.get("virtualMachineScaleSet")),
        "proximity_placement_group_id": ref(found.get("proximityPlacementGroup")),
        "host_id": ref(found.get("host")),
        "host_group_id": ref(found.get("hostGroup")),
        "capacity_reservation_group_id": ref(reservation),
    }


def _power(view: Item) -> str | None:
    """Return the power state, where the answer has it: the listing does not."""
    codes = [str(status.get("code")) for status in view.get("statuses") or ()]
    states = [code.partition("/")[2] for code in codes if code.startswith("PowerState/")]
    return min(states) if states else None


COLUMNS = (
    text("vm_id", "Id that is new when the machine is created again under the same name."),
    timestamp("time_created", "When it was created."),
    text("provisioning_state", "State of the last operation on it.", volatile=True),
    text("power_state", "running, deallocated and so on, where it was read.", volatile=True),
    text("vm_size", "Hardware size, such as Standard_D4s_v5."),
    boolean("gpu_size", "Whether the size has accelerators."),
    strings("network_interface_ids", "Its network interfaces."),
    text("priority", "Regular, Low or Spot; nothing is Regular."),
    text("eviction_policy", "What happens to a spot machine: Deallocate or Delete."),
    text("license_type", "Licence that it brings along."),
    text("plan", "Marketplace plan: publisher, product and name."),
    text("managed_by", "Resource that manages it."),
    boolean("ultra_ssd_enabled", "Whether ultra disks can be attached."),
    boolean("hibernation_enabled", "Whether it may hibernate."),
    strings("extension_ids", "Extensions that the listing names."),
    strings("zones", "Availability zones."),
    text("extended_location", "Edge zone."),
    text("availability_set_id", "Availability set."),
    text("scale_set_id", "Flexible scale set that it says it is a member of."),
    text("proximity_placement_group_id", "Proximity placement group."),
    text("host_id", "Dedicated host that it runs on."),
    text("host_group_id", "Group of dedicated hosts that it runs in."),
    text("capacity_reservation_group_id", "Capacity reservation group."),
    *IDENTITY_COLUMNS,
    *SECURITY_COLUMNS,
    *OS_COLUMNS,
    *IMAGE_COLUMNS,
    *MACHINE_DISK_COLUMNS,
    *APPLICATION_COLUMNS,
)

TABLE = ResourceTable(
    title="Virtual machines",
    description="Virtual machines, with what each may reach and who may reach it.",
    columns=COLUMNS,
    permissions=("Microsoft.Compute/virtualMachines/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
    kind="instance",
)
