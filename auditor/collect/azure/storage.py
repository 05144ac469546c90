"""Disks of machines, and what disks and disk snapshots have in common."""

from __future__ import annotations

from typing import Any

from auditor.collect.azure.arm import Item, arm_id, instant, lower, ref
from auditor.collect.azure.secrets import link
from auditor.collect.table import boolean, sorted_set, strings, text, timestamp


def machine_disks(profile: Item) -> dict[str, Any]:
    """Return the disks of a machine or of a template."""
    system = profile.get("osDisk") or {}
    managed = system.get("managedDisk") or {}
    data = [disk for disk in profile.get("dataDisks") or () if not disk.get("toBeDetached")]
    return {
        "os_type": system.get("osType"),
        "os_disk_id": ref(managed),
        "os_disk_name": system.get("name"),
        "os_disk_create_option": system.get("createOption"),
        "os_disk_vhd": (system.get("vhd") or {}).get("uri"),
        "os_disk_unmanaged": bool(system.get("vhd") or system.get("vhdContainers")),
        "os_disk_delete_option": system.get("deleteOption"),
        "os_disk_ephemeral": bool((system.get("diffDiskSettings") or {}).get("option")),
        "os_disk_ade_enabled": (system.get("encryptionSettings") or {}).get("enabled"),
        "os_disk_security_encryption": (managed.get("securityProfile") or {}).get(
            "securityEncryptionType"
        ),
        "disk_encryption_set_ids": sorted_set(
            ref(disk.get("diskEncryptionSet"))
            for disk in (managed, *((item.get("managedDisk") or {}) for item in data))
        ),
        "data_disk_ids": sorted_set(ref(disk.get("managedDisk")) for disk in data),
        "data_disks": sorted_set(_data_disk(disk) for disk in data),
        "disk_controller_type": profile.get("diskControllerType"),
    }


MACHINE_DISK_COLUMNS = (
    text("os_type", "Linux or Windows."),
    text("os_disk_id", "System disk."),
    text("os_disk_name", "Name of the system disk."),
    text("os_disk_create_option", "FromImage, Attach and so on: where the system disk came from."),
    text("os_disk_vhd", "Blob of an unmanaged system disk."),
    boolean("os_disk_unmanaged", "Whether the system disk is a blob in a storage account."),
    text("os_disk_delete_option", "Whether the system disk outlives the machine."),
    boolean("os_disk_ephemeral", "Whether the system disk is on the host only."),
    boolean("os_disk_ade_enabled", "Whether Azure Disk Encryption is set on the machine."),
    text("os_disk_security_encryption", "What is encrypted of a confidential machine's disk."),
    strings("disk_encryption_set_ids", "Encryption sets of its disks."),
    strings("data_disk_ids", "Managed data disks."),
    strings("data_disks", "Data disks in one line each: slot, origin, disk, deletion."),
    text("disk_controller_type", "SCSI or NVMe."),
)


def _data_disk(disk: Item) -> str:
    place = ref(disk.get("managedDisk")) or (disk.get("vhd") or {}).get("uri")
    source = ref(disk.get("sourceResource"))
    parts = [
        f"lun {disk.get('lun')}",
        disk.get("createOption"),
        place,
        f"from {source}" if source else None,
        f"on deletion {disk['deleteOption']}" if disk.get("deleteOption") else None,
    ]
    return " ".join(part for part in parts if part)


def origin(found: Item) -> dict[str, Any]:
    """Return what the content of a disk or disk snapshot was copied from."""
    data = found.get("creationData") or {}
    return {
        "create_option": data.get("createOption"),
        "source_resource_id": arm_id(data.get("sourceResourceId")),
        "source_unique_id": data.get("sourceUniqueId"),
        "source_uri": link(data.get("sourceUri")),
        "source_storage_account_id": arm_id(data.get("storageAccountId")),
        "image_id": ref(data.get("imageReference")),
        "gallery_image_id": ref(data.get("galleryImageReference")),
    }


ORIGIN_COLUMNS = (
    text("create_option", "Empty, FromImage, Copy, Restore, Import, Upload and so on."),
    text("source_resource_id", "Disk, disk snapshot or restore point that it was copied from."),
    text("source_unique_id", "Unique id of that resource."),
    text("source_uri", "Blob that it was imported from, without its query."),
    text("source_storage_account_id", "Storage account of that blob."),
    text("image_id", "Image that it was made from."),
    text("gallery_image_id", "Image of a gallery that it was made from."),
)


def protection(found: Item) -> dict[str, Any]:
    """Return who can read the content of a disk or disk snapshot from where."""
    encryption = found.get("encryption") or {}
    disk = found.get("encryptionSettingsCollection") or {}
    profile = found.get("securityProfile") or {}
    return {
        "encryption_type": encryption.get("type"),
        "disk_encryption_set_id": arm_id(encryption.get("diskEncryptionSetId")),
        "ade_enabled": disk.get("enabled"),
        "network_access_policy": found.get("networkAccessPolicy"),
        "public_network_access": found.get("publicNetworkAccess"),
        "data_access_auth_mode": found.get("dataAccessAuthMode"),
        "disk_access_id": arm_id(found.get("diskAccessId")),
        "security_type": profile.get("securityType"),
        "secure_vm_disk_encryption_set_id": arm_id(profile.get("secureVMDiskEncryptionSetId")),
        "disk_state": found.get("diskState"),
        "has_active_sas": (lower(found.get("diskState")) or "").startswith("activesas"),
        "time_created": instant(found.get("timeCreated")),
        "os_type": found.get("osType"),
        "hyper_v_generation": found.get("hyperVGeneration"),
        "supports_hibernation": found.get("supportsHibernation"),
        "provisioning_state": found.get("provisioningState"),
    }


PROTECTION_COLUMNS = (
    text("encryption_type", "Whose key encrypts it: the platform's, the customer's or both."),
    text("disk_encryption_set_id", "Encryption set that names the customer's key."),
    boolean("ade_enabled", "Whether the guest encrypts it with Azure Disk Encryption."),
    text("network_access_policy", "From where it may be exported: DenyAll to AllowAll."),
    text("public_network_access", "Whether the export can be reached from the Internet."),
    text("data_access_auth_mode", "AzureActiveDirectory: an export needs a token besides its URL."),
    text("disk_access_id", "Private link through which it may be exported."),
    text("security_type", "Security type of the machine that it boots."),
    text("secure_vm_disk_encryption_set_id", "Encryption set of a confidential machine's disk."),
    text("disk_state", "Unattached, Attached, Reserved, ActiveSAS and so on.", volatile=True),
    boolean("has_active_sas", "Whether somebody holds a URL that exports its content."),
    timestamp("time_created", "When it was created."),
    text("os_type", "Linux or Windows, if it boots."),
    text("hyper_v_generation", "V1 or V2."),
    boolean("supports_hibernation", "Whether a machine on it may hibernate."),
    text("provisioning_state", "State of the last operation on it.", volatile=True),
)
