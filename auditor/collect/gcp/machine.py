"""What an instance, an instance template and a machine image have in common: the machine itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from auditor.collect.gcp.encryption import key_names, key_of
from auditor.collect.gcp.interfaces import INTERFACE_COLUMNS, interface_columns
from auditor.collect.gcp.metadata import (
    METADATA_COLUMNS,
    metadata_columns,
    without_values,
)
from auditor.collect.gcp.names import number, short, within
from auditor.collect.table import Raw, boolean, integer, sorted_set, strings, text
from auditor.model import Scope

FULL_ACCESS = "https://www.googleapis.com/auth/cloud-platform"
"""OAuth scope that contains all others: IAM alone limits the service account then."""

_DEFAULT_ACCOUNT = re.compile(r"\d+-compute@developer\.gserviceaccount\.com|default")
_KEYS = ("diskEncryptionKey", "sourceImageEncryptionKey", "sourceSnapshotEncryptionKey")


def without_secrets(machine: Raw) -> dict[str, Any]:
    """Return a machine without metadata values and key material; takes its own result, too."""
    clean = dict(machine)
    if clean.get("metadata"):
        clean["metadata"] = without_values(clean["metadata"])
    for key in ("instanceEncryptionKey", "sourceMachineImageEncryptionKey"):
        if clean.get(key):
            clean[key] = key_names(clean[key])
    if clean.get("disks"):
        clean["disks"] = [_clean_disk(disk) for disk in clean["disks"]]
    return clean


def machine_columns(scope: Scope, raw: Raw) -> dict[str, Any]:
    """Return the columns of a machine that `without_secrets` has cleaned."""
    return {
        "description": raw.get("description"),
        "machine_type": short(raw.get("machineType")),
        "min_cpu_platform": raw.get("minCpuPlatform"),
        "accelerators": sorted_set(
            f"{short(card.get('acceleratorType'))}:{card.get('acceleratorCount', 1)}"
            for card in raw.get("guestAccelerators") or ()
        ),
        "can_ip_forward": raw.get("canIpForward"),
        "network_tags": sorted_set((raw.get("tags") or {}).get("items") or ()),
        **_identity(raw),
        **interface_columns(scope, raw.get("networkInterfaces") or []),
        **metadata_columns(raw.get("metadata")),
        **_isolation(raw),
        **_disks(scope, raw.get("disks") or []),
        **_scheduling(raw.get("scheduling") or {}),
        "key_revocation_action": raw.get("keyRevocationActionType"),
        "resource_policies": sorted_set(
            within(scope, p) for p in raw.get("resourcePolicies") or ()
        ),
        "private_ipv6_google_access": raw.get("privateIpv6GoogleAccess"),
        "reservation_affinity": (raw.get("reservationAffinity") or {}).get(
            "consumeReservationType"
        ),
    }


def _identity(raw: Raw) -> dict[str, Any]:
    accounts = raw.get("serviceAccounts") or ()
    scopes = sorted_set(scope for account in accounts for scope in account.get("scopes") or ())
    emails = sorted_set(account.get("email") for account in accounts)
    workload = raw.get("workloadIdentityConfig") or {}
    return {
        "service_account_emails": emails,
        "service_account_scopes": scopes,
        "has_full_api_access": FULL_ACCESS in scopes,
        "uses_default_service_account": any(map(_is_default, emails)),
        "workload_identity": workload.get("identity"),
        "workload_identity_type": workload.get("identityType"),
    }


@lru_cache(maxsize=1024)
def _is_default(email: str) -> bool:
    return _DEFAULT_ACCOUNT.fullmatch(email) is not None


def _isolation(raw: Raw) -> dict[str, Any]:
    shielded = raw.get("shieldedInstanceConfig") or {}
    confidential = raw.get("confidentialInstanceConfig") or {}
    features = raw.get("advancedMachineFeatures") or {}
    return {
        "secure_boot": shielded.get("enableSecureBoot"),
        "vtpm": shielded.get("enableVtpm"),
        "integrity_monitoring": shielded.get("enableIntegrityMonitoring"),
        "confidential_compute": confidential.get("enableConfidentialCompute"),
        "confidential_type": confidential.get("confidentialInstanceType"),
        "nested_virtualization": features.get("enableNestedVirtualization"),
        "uefi_networking": features.get("enableUefiNetworking"),
        "performance_monitoring_unit": features.get("performanceMonitoringUnit"),
        "display_enabled": (raw.get("displayDevice") or {}).get("enableDisplay"),
        "local_ssd_encryption": raw.get("localSsdEncryptionMode"),
    }


def _disks(scope: Scope, disks: list[Mapping[str, Any]]) -> dict[str, Any]:
    origins = [disk.get("initializeParams") or {} for disk in disks]
    return {
        "disk_ids": _sources(scope, disks),
        "boot_disk_ids": _sources(scope, [d for d in disks if d.get("boot")]),
        "writable_disk_ids": _sources(scope, [d for d in disks if d.get("mode") == "READ_WRITE"]),
        "kept_disk_ids": _sources(scope, [d for d in disks if d.get("autoDelete") is False]),
        "disk_count": len(disks),
        "disk_encryption_keys": sorted_set(key_of(d.get("diskEncryptionKey")) for d in disks),
        "disk_source_images": sorted_set(within(scope, o.get("sourceImage")) for o in origins),
        "disk_source_snapshots": sorted_set(
            within(scope, o.get("sourceSnapshot")) for o in origins
        ),
        "disk_licenses": sorted_set(
            within(scope, name) for disk in disks for name in disk.get("licenses") or ()
        ),
    }


def _sources(scope: Scope, disks: list[Mapping[str, Any]]) -> list[str]:
    return sorted_set(within(scope, disk.get("source")) for disk in disks)


def _clean_disk(disk: Mapping[str, Any]) -> Mapping[str, Any]:
    if "initializeParams" not in disk and disk.keys().isdisjoint(_KEYS):
        return disk
    clean = {key: value for key, value in disk.items() if key not in _KEYS}
    clean |= {key: key_names(disk[key]) for key in _KEYS if disk.get(key)}
    if clean.get("initializeParams"):
        params = clean["initializeParams"]
        clean["initializeParams"] = {
            key: key_names(value) if key in _KEYS else value for key, value in params.items()
        }
    return clean


def _scheduling(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "provisioning_model": raw.get("provisioningModel"),
        "preemptible": raw.get("preemptible"),
        "automatic_restart": raw.get("automaticRestart"),
        "on_host_maintenance": raw.get("onHostMaintenance"),
        "termination_action": raw.get("instanceTerminationAction"),
        "termination_time": raw.get("terminationTime"),
        "max_run_seconds": number((raw.get("maxRunDuration") or {}).get("seconds")),
        "node_affinities": sorted_set(
            f"{a.get('key')} {a.get('operator')} {','.join(sorted(a.get('values') or ()))}"
            for a in raw.get("nodeAffinities") or ()
        ),
    }


MACHINE_COLUMNS = (
    text("description", "Text that people gave it."),
    text("machine_type", "Hardware type, such as e2-medium."),
    text("min_cpu_platform", "Oldest CPU platform that it may run on."),
    strings("accelerators", "Accelerators, each with its number."),
    boolean("can_ip_forward", "Whether it may send and receive packets of others."),
    strings("network_tags", "Network tags: firewall rules and routes select by them."),
    strings("service_account_emails", "Service accounts whose tokens it hands out."),
    strings("service_account_scopes", "OAuth scopes of these tokens."),
    boolean("has_full_api_access", "Whether a scope contains all APIs: only IAM limits it."),
    boolean("uses_default_service_account", "Whether it runs as the default service account."),
    text("workload_identity", "Workload identity that it runs as."),
    text("workload_identity_type", "Kind of that identity."),
    *INTERFACE_COLUMNS,
    *METADATA_COLUMNS,
    boolean("secure_boot", "Shielded VM: only signed boot components run."),
    boolean("vtpm", "Shielded VM: virtual TPM."),
    boolean("integrity_monitoring", "Shielded VM: the boot is compared with a baseline."),
    boolean("confidential_compute", "Whether its memory is encrypted."),
    text("confidential_type", "Technology of that encryption: SEV, SEV_SNP, TDX and so on."),
    boolean("nested_virtualization", "Whether it may run virtual machines."),
    boolean("uefi_networking", "Whether it may boot from the network."),
    text("performance_monitoring_unit", "CPU performance counters that the guest may read."),
    boolean("display_enabled", "Whether it has a virtual display."),
    text("local_ssd_encryption", "Encryption of local SSDs."),
    strings("disk_ids", "Attached disks."),
    strings("boot_disk_ids", "The attached disk that it boots from."),
    strings("writable_disk_ids", "Attached disks that it may write to."),
    strings("kept_disk_ids", "Disks that outlive it when it is deleted."),
    integer("disk_count", "Number of disks, local ones included."),
    strings("disk_encryption_keys", "Customers' keys that encrypt its disks, by name or hash."),
    strings("disk_source_images", "Images that its disks are made from, where it says so."),
    strings("disk_source_snapshots", "Snapshots that its disks are made from, where it says so."),
    strings("disk_licenses", "Licences of its disks: the operating system as billed."),
    text("provisioning_model", "STANDARD, SPOT and so on."),
    boolean("preemptible", "Whether it may be stopped at any time."),
    boolean("automatic_restart", "Whether it is restarted after a failure."),
    text("on_host_maintenance", "MIGRATE or TERMINATE."),
    text("termination_action", "What happens at its end: STOP or DELETE."),
    text("termination_time", "When it is to end."),
    integer("max_run_seconds", "How long it may run."),
    strings("node_affinities", "Sole-tenant nodes that it must or must not run on."),
    text("key_revocation_action", "What happens when a key of its disks is revoked: NONE or STOP."),
    strings("resource_policies", "Resource policies, such as schedules."),
    text("private_ipv6_google_access", "Private IPv6 access to Google services."),
    text("reservation_affinity", "Which reservations it may consume."),
)
