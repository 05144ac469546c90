"""What a virtual machine, a scale set's template and a scale set's member have in common.

All three describe a machine by the same profiles, so that the same rules can judge them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.collect.azure.arm import Item, arm_id, lower, props, ref
from auditor.collect.azure.secrets import sha256_of, without_secrets
from auditor.collect.table import boolean, sorted_set, strings, text


def identity(raw: Item) -> dict[str, Any]:
    """Return the managed identities whose tokens programs on the machine can get."""
    found = raw.get("identity") or {}
    kind = found.get("type")
    return {
        "identity_type": kind if kind != "None" else None,
        "system_assigned_identity": "systemassigned" in str(kind).lower(),
        "identity_ids": sorted_set(map(arm_id, found.get("userAssignedIdentities") or ())),
        "identity_principal_id": found.get("principalId"),
    }


IDENTITY_COLUMNS = (
    text("identity_type", "SystemAssigned, UserAssigned, or both; nothing if none."),
    boolean("system_assigned_identity", "Whether it has an identity of its own."),
    strings("identity_ids", "User-assigned identities."),
    text("identity_principal_id", "Principal of the system-assigned identity."),
)


def security(profile: Item) -> dict[str, Any]:
    """Return what protects boot, memory, disks and the metadata service."""
    uefi = profile.get("uefiSettings") or {}
    proxy = profile.get("proxyAgentSettings") or {}
    imds, wire = proxy.get("imds") or {}, proxy.get("wireServer") or {}
    return {
        "security_type": profile.get("securityType"),
        "secure_boot_enabled": uefi.get("secureBootEnabled"),
        "vtpm_enabled": uefi.get("vTpmEnabled"),
        "encryption_at_host": profile.get("encryptionAtHost"),
        "encryption_identity_id": arm_id(
            (profile.get("encryptionIdentity") or {}).get("userAssignedIdentityResourceId")
        ),
        "proxy_agent_enabled": proxy.get("enabled"),
        "proxy_agent_mode": proxy.get("mode"),
        "proxy_agent_imds_mode": imds.get("mode"),
        "proxy_agent_imds_profile_id": arm_id(imds.get("inVMAccessControlProfileReferenceId")),
        "proxy_agent_wire_server_mode": wire.get("mode"),
        "proxy_agent_wire_server_profile_id": arm_id(
            wire.get("inVMAccessControlProfileReferenceId")
        ),
    }


SECURITY_COLUMNS = (
    text("security_type", "ConfidentialVM or TrustedLaunch; Standard or nothing is neither."),
    boolean("secure_boot_enabled", "Whether only signed boot loaders start."),
    boolean("vtpm_enabled", "Whether it has a virtual TPM."),
    boolean("encryption_at_host", "Whether the host encrypts caches and temporary disks."),
    text("encryption_identity_id", "Identity that fetches keys for disk encryption."),
    boolean("proxy_agent_enabled", "Whether the metadata security protocol is on."),
    text("proxy_agent_mode", "Audit or Enforce, of the whole protocol."),
    text("proxy_agent_imds_mode", "Audit, Enforce or Disabled, of the metadata service."),
    text("proxy_agent_imds_profile_id", "Access control of the metadata service."),
    text("proxy_agent_wire_server_mode", "Audit, Enforce or Disabled, of the wire server."),
    text("proxy_agent_wire_server_profile_id", "Access control of the wire server."),
)


def operating_system(profile: Item) -> dict[str, Any]:
    """Return how people and agents get into the guest; keys and scripts as hashes."""
    linux = profile.get("linuxConfiguration") or {}
    windows = profile.get("windowsConfiguration") or {}
    patches = linux.get("patchSettings") or windows.get("patchSettings") or {}
    agents = [c.get("provisionVMAgent") for c in (linux, windows) if "provisionVMAgent" in c]
    return {
        "computer_name": profile.get("computerName") or profile.get("computerNamePrefix"),
        "admin_username": profile.get("adminUsername"),
        "disable_password_authentication": linux.get("disablePasswordAuthentication"),
        "ssh_public_keys": sorted_set(
            f"{key.get('path')} sha256:{sha256_of(key.get('keyData'))}"
            for key in (linux.get("ssh") or {}).get("publicKeys") or ()
        ),
        "winrm_listeners": sorted_set(
            f"{lower(item.get('protocol'))} {item.get('certificateUrl') or ''}".strip()
            for item in (windows.get("winRM") or {}).get("listeners") or ()
        ),
        "allow_extension_operations": profile.get("allowExtensionOperations"),
        "provision_vm_agent": agents[0] if agents else None,
        "patch_mode": patches.get("patchMode"),
        "assessment_mode": patches.get("assessmentMode"),
        "enable_automatic_updates": windows.get("enableAutomaticUpdates"),
        "unattend_settings": sorted_set(
            item.get("settingName") for item in windows.get("additionalUnattendContent") or ()
        ),
        "vault_certificates": sorted_set(
            certificate.get("certificateUrl")
            for group in profile.get("secrets") or ()
            for certificate in group.get("vaultCertificates") or ()
        ),
    }


OS_COLUMNS = (
    text("computer_name", "Host name in the guest; its prefix, for a scale set."),
    text("admin_username", "Name of the administrator's account."),
    boolean("disable_password_authentication", "False if SSH accepts passwords."),
    strings("ssh_public_keys", "Path and sha256 (hex) of each SSH key set through Azure."),
    strings("winrm_listeners", "Remote management: protocol and certificate of each listener."),
    boolean("allow_extension_operations", "Whether extensions may be installed."),
    boolean("provision_vm_agent", "Whether the guest has the VM agent."),
    text("patch_mode", "Who installs updates: the image's own way, the system or the platform."),
    text("assessment_mode", "Who looks for missing updates."),
    boolean("enable_automatic_updates", "Whether Windows updates itself."),
    strings("unattend_settings", "Names of settings that Windows takes at its first start."),
    strings("vault_certificates", "Certificates that are installed from key vaults."),
)


def image(profile: Item) -> dict[str, Any]:
    """Return what the system disk was made from."""
    found = profile.get("imageReference") or {}
    return {
        "image_id": ref(found),
        "image_publisher": found.get("publisher"),
        "image_offer": found.get("offer"),
        "image_sku": found.get("sku"),
        "image_version": found.get("version"),
        "image_exact_version": found.get("exactVersion"),
        "shared_gallery_image_id": lower(found.get("sharedGalleryImageId")),
        "community_gallery_image_id": lower(found.get("communityGalleryImageId")),
    }


IMAGE_COLUMNS = (
    text("image_id", "Image of the tenant's own that it was made from."),
    text("image_publisher", "Publisher of the marketplace image."),
    text("image_offer", "Offer of the marketplace image."),
    text("image_sku", "SKU of the marketplace image."),
    text("image_version", "Version of the image that was asked for; latest is resolved once."),
    text("image_exact_version", "Version of the image that it was made from."),
    text("shared_gallery_image_id", "Image of a gallery that another tenant shares."),
    text("community_gallery_image_id", "Image of a gallery that anybody publishes."),
)


def applications(profile: Item) -> dict[str, Any]:
    """Return the gallery applications that are installed, and boot diagnostics."""
    found = (profile.get("applicationProfile") or {}).get("galleryApplications") or ()
    boot = (profile.get("diagnosticsProfile") or {}).get("bootDiagnostics") or {}
    return {
        "gallery_applications": sorted_set(
            " ".join(
                part
                for part in (
                    lower(item.get("packageReferenceId")),
                    item.get("configurationReference")
                    and f"with configuration sha256:{sha256_of(item['configurationReference'])}",
                )
                if part
            )
            for item in found
        ),
        "boot_diagnostics_enabled": boot.get("enabled"),
        "boot_diagnostics_storage": boot.get("storageUri"),
    }


APPLICATION_COLUMNS = (
    strings("gallery_applications", "Application versions that are installed from galleries."),
    boolean("boot_diagnostics_enabled", "Whether screenshots and the serial console are there."),
    text("boot_diagnostics_storage", "Storage account of boot diagnostics; nothing if managed."),
)


def extension_key(found: Item) -> str | None:
    """Return what identifies an extension's program: publisher and type in lower case."""
    if not found.get("publisher") and not found.get("type"):
        return None
    return f"{lower(found.get('publisher')) or ''}/{lower(found.get('type')) or ''}"


def extension_line(raw: Item) -> str:
    """Return an extension in one line: what runs, and the hash of what it is told to do."""
    found = props(raw)
    vault = ref((found.get("protectedSettingsFromKeyVault") or {}).get("sourceVault"))
    parts = [
        extension_key(found) or "unknown",
        str(found.get("typeHandlerVersion") or ""),
        f"settings sha256:{sha256_of(found.get('settings'))}" if found.get("settings") else "",
        f"protected settings from {vault}" if vault else "",
        f"update tag {found['forceUpdateTag']}" if found.get("forceUpdateTag") else "",
    ]
    return " ".join(part for part in parts if part)


def is_gpu(size: str | None) -> bool | None:
    """Say whether a machine size is of the N series, which has accelerators."""
    return size.lower().startswith("standard_n") if size else None


def document_of(raw: Item, *sealed: str) -> dict[str, Any]:
    """Return an item with everything secret hashed in the named parts of its properties."""
    found = raw.get("properties")
    if not found or not any(name in found for name in sealed):
        return dict(raw)
    return {**raw, "properties": {**found, **_hashed(found, sealed)}}


def _hashed(found: Item, names: Iterable[str]) -> dict[str, Any]:
    return {name: without_secrets({name: found[name]})[name] for name in names if name in found}
