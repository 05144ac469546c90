"""Virtual machine extensions: programs that the agent in the guest runs with full rights.

The name of an extension is chosen by whoever installs it; publisher and type say what it is.
Settings are hashed as soon as they have been read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, parent, props, ref
from auditor.collect.azure.machine import extension_key, extension_line
from auditor.collect.azure.secrets import keys_of, length_of, sha256_of, without_secrets
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each extension of each virtual machine, its settings hashed."""
    machines = scope.index("virtualMachines")
    for item in scope.nested(machines, "extensions", versions.COMPUTE):
        yield without_secrets(item)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one extension."""
    raw = without_secrets(raw)
    found, owner = props(raw), raw.get("_owner") or {}
    settings = found.get("settings")
    vault = found.get("protectedSettingsFromKeyVault") or {}
    return {
        **arm_common(scope, raw, location=owner.get("location") or raw.get("location")),
        "machine_id": arm_id(owner.get("id")) or parent(raw["id"]),
        "publisher": found.get("publisher"),
        "type": found.get("type"),
        "type_key": extension_key(found),
        "type_handler_version": found.get("typeHandlerVersion"),
        "auto_upgrade_minor_version": found.get("autoUpgradeMinorVersion"),
        "enable_automatic_upgrade": found.get("enableAutomaticUpgrade"),
        "settings_sha256": sha256_of(settings),
        "settings_length": length_of(settings),
        "settings_keys": keys_of(settings),
        "protected_settings_vault_id": ref(vault.get("sourceVault")),
        "protected_settings_secret": vault.get("secretUrl"),
        "force_update_tag": found.get("forceUpdateTag"),
        "suppress_failures": found.get("suppressFailures"),
        "provision_after_extensions": sorted_set(found.get("provisionAfterExtensions") or ()),
        "extension": extension_line(raw),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Virtual machine extensions",
    description="Extensions of virtual machines: what the agent in the guest was told to run.",
    columns=(
        text("machine_id", "resource_id of the virtual machine."),
        text("publisher", "Publisher of the extension."),
        text("type", "Type of the extension: which program it is."),
        text("type_key", "Publisher and type in lower case: what identifies the program."),
        text("type_handler_version", "Version of the program."),
        boolean("auto_upgrade_minor_version", "Whether a newer minor version may be deployed."),
        boolean("enable_automatic_upgrade", "Whether the platform upgrades it by itself."),
        text("settings_sha256", "sha256 (hex) of its public settings."),
        integer("settings_length", "Length of its public settings as JSON, in bytes."),
        strings("settings_keys", "Names of its public settings."),
        text("protected_settings_vault_id", "Key vault that its protected settings come from."),
        text("protected_settings_secret", "Secret in that vault."),
        text("force_update_tag", "Changes to make it run again with equal settings."),
        boolean("suppress_failures", "Whether its failures are hidden."),
        strings("provision_after_extensions", "Extensions that run before it."),
        text("extension", "The extension in one line."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=(
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/extensions/read",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="machine_id",
)
