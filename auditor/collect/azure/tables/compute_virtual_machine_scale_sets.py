"""Virtual machine scale sets: one row each, with the template that their members are made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, arm_id, instant, props, ref
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
    is_gpu,
    operating_system,
    security,
)
from auditor.collect.azure.scalesets import TEMPLATE_NETWORK_COLUMNS, template_network
from auditor.collect.azure.storage import MACHINE_DISK_COLUMNS, machine_disks
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each scale set of the subscription."""
    yield from scope.pages("/providers/Microsoft.Compute/virtualMachineScaleSets", versions.COMPUTE)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one scale set."""
    found = props(raw)
    template = found.get("virtualMachineProfile") or {}
    disks = template.get("storageProfile") or {}
    document = document_of(raw, "virtualMachineProfile")
    return {
        **arm_common(scope, raw, incarnation_id=found.get("uniqueId"), document=document),
        "unique_id": found.get("uniqueId"),
        "time_created": instant(found.get("timeCreated")),
        "provisioning_state": found.get("provisioningState"),
        **_group(raw, found),
        **_template(template),
        **identity(raw),
        **security(template.get("securityProfile") or {}),
        **operating_system(template.get("osProfile") or {}),
        **image(disks),
        **machine_disks(disks),
        **applications(template),
        **template_network(template.get("networkProfile") or {}),
    }


def _group(raw: Raw, found: Item) -> dict[str, Any]:
    """Return how the set keeps its members, and how many."""
    sku, upgrade = raw.get("sku") or {}, found.get("upgradePolicy") or {}
    automatic = upgrade.get("automaticOSUpgradePolicy") or {}
    return {
        "vm_size": sku.get("name"),
        "gpu_size": is_gpu(sku.get("name")),
        "vm_sizes": sorted_set(
            size.get("name") for size in (found.get("skuProfile") or {}).get("vmSizes") or ()
        ),
        "capacity": sku.get("capacity"),
        "orchestration_mode": found.get("orchestrationMode"),
        "upgrade_mode": upgrade.get("mode"),
        "automatic_os_upgrade": automatic.get("enableAutomaticOSUpgrade"),
        "automatic_repairs": (found.get("automaticRepairsPolicy") or {}).get("enabled"),
        "overprovision": found.get("overprovision"),
        "single_placement_group": found.get("singlePlacementGroup"),
        "zones": sorted_set(raw.get("zones") or ()),
        "host_group_id": ref(found.get("hostGroup")),
        "proximity_placement_group_id": ref(found.get("proximityPlacementGroup")),
        "scale_in_rules": sorted_set((found.get("scaleInPolicy") or {}).get("rules") or ()),
    }


def _template(template: Item) -> dict[str, Any]:
    extensions = (template.get("extensionProfile") or {}).get("extensions") or ()
    health = (template.get("networkProfile") or {}).get("healthProbe")
    posture = template.get("securityPostureReference") or {}
    return {
        "priority": template.get("priority"),
        "eviction_policy": template.get("evictionPolicy"),
        "license_type": template.get("licenseType"),
        "extensions": sorted_set(map(extension_line, extensions)),
        "health_probe_id": ref(health),
        "security_posture_id": arm_id(posture.get("id")),
    }


TABLE = ResourceTable(
    title="Virtual machine scale sets",
    description="Scale sets: the template that machines are made from, and how they are kept.",
    columns=(
        text("unique_id", "Id that is new when the set is created again under the same name."),
        timestamp("time_created", "When it was created."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
        text("vm_size", "Hardware size of new members."),
        boolean("gpu_size", "Whether the size has accelerators."),
        strings("vm_sizes", "Sizes that members may have, where there is a mix."),
        integer("capacity", "Number of members that it keeps.", volatile=True),
        text("orchestration_mode", "Uniform or Flexible."),
        text("upgrade_mode", "How members get a new template: Manual, Automatic or Rolling."),
        boolean("automatic_os_upgrade", "Whether members get new image versions by themselves."),
        boolean("automatic_repairs", "Whether unhealthy members are replaced."),
        boolean("overprovision", "Whether more members are started than are kept."),
        boolean("single_placement_group", "Whether it is limited to one placement group."),
        strings("zones", "Availability zones."),
        text("host_group_id", "Group of dedicated hosts that it runs in."),
        text("proximity_placement_group_id", "Proximity placement group."),
        strings("scale_in_rules", "Which members go first."),
        text("priority", "Regular, Low or Spot; nothing is Regular."),
        text("eviction_policy", "What happens to spot members: Deallocate or Delete."),
        text("license_type", "Licence that members bring along."),
        strings("extensions", "Extensions of the template, one line each; settings as hashes."),
        text("health_probe_id", "Load balancer probe that tells their health."),
        text("security_posture_id", "Security posture that adds extensions."),
        *IDENTITY_COLUMNS,
        *SECURITY_COLUMNS,
        *OS_COLUMNS,
        *IMAGE_COLUMNS,
        *MACHINE_DISK_COLUMNS,
        *APPLICATION_COLUMNS,
        *TEMPLATE_NETWORK_COLUMNS,
    ),
    permissions=("Microsoft.Compute/virtualMachineScaleSets/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
