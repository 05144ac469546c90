"""IAM policies of single resources: who was let in beside the policy of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.names import COMPUTE, full_name, region_of
from auditor.collect.table import Raw, boolean, common, integer, sorted_set, strings, text
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

PUBLIC = ("allUsers", "allAuthenticatedUsers")
"""Members that stand for anyone, with or without a Google account."""

_KEPT = ("selfLink", "name", "id", "zone", "region")


def policies(
    scope: GcpScope, listing: Callable[[GcpScope], Iterable[Raw]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the IAM policy of each listed resource, with what identifies the resource."""
    if not scope.options.iam:
        raise CollectError(
            "switched off in the configuration",
            status=Status.SKIPPED,
            kind="configuration",
            hint="set gcp.iam = true to read it",
        )

    def policy(resource: Raw) -> dict[str, Any]:
        path = "/" + full_name(resource["selfLink"]).removeprefix(COMPUTE)
        # NOTE: an older version of the policy leaves conditions out, and their bindings look wider.
        answer = scope.get(f"{path}/getIamPolicy", optionsRequestedPolicyVersion=3)
        return {**answer, "resource": {key: resource[key] for key in _KEPT if key in resource}}

    for found in scope.each(policy, listing(scope)):
        if found is not None:
            yield found


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one resource's policy, under the resource_id of the resource."""
    resource, bindings = raw["resource"], raw.get("bindings") or ()
    public = [b for b in bindings if any(m in PUBLIC for m in b.get("members") or ())]
    unique = resource.get("id")
    resource_id = full_name(resource["selfLink"])
    return {
        **common(
            scope,
            resource_id,
            name=resource.get("name"),
            incarnation_id=None if unique is None else str(unique),
            region=region_of(resource),
            raw=raw,
        ),
        "target_id": resource_id,
        "bindings": sorted({line for binding in bindings for line in _lines(binding)}),
        "members": sorted_set(m for b in bindings for m in b.get("members") or ()),
        "roles": sorted_set(binding.get("role") for binding in bindings),
        "public_roles": sorted_set(binding.get("role") for binding in public),
        "is_public": bool(public),
        "binding_count": len(bindings),
        "policy_version": raw.get("version"),
    }


def _lines(binding: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each member of a binding; a condition is part of it."""
    expression = (binding.get("condition") or {}).get("expression")
    for member in binding.get("members") or ():
        line = f"{binding.get('role')} {member}"
        yield f"{line} if {expression}" if expression else line


COLUMNS = (
    text("target_id", "The resource."),
    strings("bindings", "Each role with each member that has it, and on which condition."),
    strings("members", "Everyone who has any role."),
    strings("roles", "All roles that are given."),
    strings("public_roles", "Roles that anyone has."),
    boolean("is_public", "Whether anyone has a role."),
    integer("binding_count", "Number of bindings."),
    integer("policy_version", "Version of the policy's format.", volatile=True),
)
