"""Compute Engine instances: one row each, with every attribute that changes what they may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.encryption import key_of
from auditor.collect.gcp.machine import (
    MACHINE_COLUMNS,
    machine_columns,
    without_secrets,
)
from auditor.collect.gcp.names import gcp_common, instant, pairs, reference, zone_of
from auditor.collect.table import Raw, ResourceTable, boolean, strings, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

EFFECTIVE = {
    "effective_block_project_ssh_keys": "blockProjectSshKeysMetadataValue",
    "effective_enable_oslogin": "enableOsloginMetadataValue",
    "effective_serial_port_enable": "serialPortEnableMetadataValue",
    "effective_serial_port_logging_enable": "serialPortLoggingEnableMetadataValue",
    "effective_enable_guest_attributes": "enableGuestAttributesMetadataValue",
    "effective_enable_osconfig": "enableOsconfigMetadataValue",
    "effective_enable_os_inventory": "enableOsInventoryMetadataValue",
    "effective_container_declaration": "gceContainerDeclarationMetadataValue",
}
"""Columns of what holds after instance, zone and project are put together."""


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each instance of all zones, without its secrets."""
    for raw in scope.aggregated("instances", "instances"):
        yield without_secrets(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one instance."""
    raw = without_secrets(raw)
    return {
        **gcp_common(scope, raw),
        **_state(raw),
        **machine_columns(scope, raw),
        **_effective(raw),
    }


def _state(raw: Raw) -> dict[str, Any]:
    integrity = raw.get("shieldedInstanceIntegrityPolicy") or {}
    return {
        "zone": zone_of(raw),
        "status": raw.get("status"),
        "status_message": raw.get("statusMessage"),
        "creation_time": instant(raw.get("creationTimestamp")),
        "last_start_time": instant(raw.get("lastStartTimestamp")),
        "last_stop_time": instant(raw.get("lastStopTimestamp")),
        "last_suspended_time": instant(raw.get("lastSuspendedTimestamp")),
        "cpu_platform": raw.get("cpuPlatform"),
        "hostname": raw.get("hostname"),
        "deletion_protection": raw.get("deletionProtection"),
        "integrity_auto_learn": integrity.get("updateAutoLearnPolicy"),
        "source_machine_image": reference(raw.get("sourceMachineImage")),
        "instance_encryption_key": key_of(raw.get("instanceEncryptionKey")),
        "resource_manager_tags": pairs((raw.get("params") or {}).get("resourceManagerTags")),
    }


def _effective(raw: Raw) -> dict[str, Any]:
    effective = (raw.get("resourceStatus") or {}).get("effectiveInstanceMetadata") or {}
    return {
        **{column: effective.get(key) for column, key in EFFECTIVE.items()},
        "effective_vm_dns_setting": effective.get("vmDnsSettingMetadataValue"),
    }


COLUMNS = (
    text("zone", "Zone that it runs in."),
    text("status", "PROVISIONING, STAGING, RUNNING, STOPPING, SUSPENDED, TERMINATED and so on."),
    text("status_message", "Why it is in that state.", volatile=True),
    timestamp("creation_time", "When it was created."),
    timestamp("last_start_time", "When it was last started.", volatile=True),
    timestamp("last_stop_time", "When it was last stopped.", volatile=True),
    timestamp("last_suspended_time", "When it was last suspended.", volatile=True),
    text("cpu_platform", "CPU platform that it runs on; may differ at each start.", volatile=True),
    text("hostname", "Host name that people gave it."),
    boolean("deletion_protection", "Protection from deletion."),
    boolean("integrity_auto_learn", "Whether the boot baseline is being learned anew."),
    text("source_machine_image", "Machine image that it was made from."),
    text("instance_encryption_key", "Customer's key that encrypts its suspended state."),
    strings("resource_manager_tags", "Secure tags given at its creation, each with its value."),
    *MACHINE_COLUMNS,
    boolean("effective_block_project_ssh_keys", "Project SSH keys kept out, in effect."),
    boolean("effective_enable_oslogin", "OS Login, in effect."),
    boolean("effective_serial_port_enable", "Interactive serial console, in effect."),
    boolean("effective_serial_port_logging_enable", "Serial console logging, in effect."),
    boolean("effective_enable_guest_attributes", "Guest attributes, in effect."),
    boolean("effective_enable_osconfig", "OS Config agent, in effect."),
    boolean("effective_enable_os_inventory", "OS inventory, in effect."),
    boolean("effective_container_declaration", "Whether a container declaration is in effect."),
    text("effective_vm_dns_setting", "Internal DNS names, in effect."),
)

TABLE = ResourceTable(
    title="Compute Engine instances",
    description="Virtual machines of Compute Engine, and what decides who may reach and use them.",
    columns=COLUMNS,
    permissions=("compute.instances.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
    kind="instance",
)
