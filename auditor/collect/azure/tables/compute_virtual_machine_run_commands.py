"""Virtual machine run commands: scripts that Azure runs in the guest, as hashes.

Only managed run commands are resources; the action of the same name leaves nothing but a line in
the activity log. Scripts are hashed as soon as they have been read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, lower, parent, props
from auditor.collect.azure.secrets import keys_of, length_of, link, sha256_of, without_secrets
from auditor.collect.table import Raw, ResourceTable, boolean, integer, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each run command of each virtual machine, its script hashed."""
    machines = scope.index("virtualMachines")
    for item in scope.nested(machines, "runCommands", versions.COMPUTE):
        yield without_secrets(item)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one run command."""
    raw = without_secrets(raw)
    found, owner = props(raw), raw.get("_owner") or {}
    source = found.get("source") or {}
    return {
        **arm_common(scope, raw, location=owner.get("location") or raw.get("location")),
        "machine_id": arm_id(owner.get("id")) or parent(raw["id"]),
        "script_sha256": sha256_of(source.get("script")),
        "script_length": length_of(source.get("script")),
        "script_uri": link(source.get("scriptUri")),
        "command_id": source.get("commandId"),
        "gallery_script_reference_id": lower(source.get("galleryScriptReferenceId")),
        "parameter_names": keys_of(found.get("parameters")),
        "parameters_sha256": sha256_of(found.get("parameters")),
        "run_as_user": found.get("runAsUser"),
        "async_execution": found.get("asyncExecution"),
        "timeout_in_seconds": found.get("timeoutInSeconds"),
        "output_blob": link(found.get("outputBlobUri")),
        "error_blob": link(found.get("errorBlobUri")),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Virtual machine run commands",
    description="Scripts that Azure runs inside virtual machines; their content is hashed.",
    columns=(
        text("machine_id", "resource_id of the virtual machine."),
        text("script_sha256", "sha256 (hex) of the script."),
        integer("script_length", "Length of the script in bytes."),
        text("script_uri", "Where the script is loaded from, without its query."),
        text("command_id", "Built-in script that it runs."),
        text("gallery_script_reference_id", "Script of a gallery that it runs."),
        strings("parameter_names", "Names of its parameters."),
        text("parameters_sha256", "sha256 (hex) of its parameters."),
        text("run_as_user", "Account in the guest that runs it; nothing is the system."),
        boolean("async_execution", "Whether Azure does not wait for it."),
        integer("timeout_in_seconds", "How long it may run."),
        text("output_blob", "Blob that gets its output, without its query."),
        text("error_blob", "Blob that gets its errors, without its query."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=(
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/runCommands/read",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="machine_id",
)
