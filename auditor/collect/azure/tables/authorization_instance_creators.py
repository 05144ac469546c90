"""Who may create instances: principals whose roles let them, or nearly.

`auditor/collect/creators.py` says which actions are looked for. One row is one principal in one
subscription, with all its role assignments in it and those that it inherits from management groups.
A role allows what is in its actions and not in its notActions:
https://learn.microsoft.com/azure/role-based-access-control/role-definitions. An assignment below
the subscription, or with a condition, makes a capability conditional. Not read are deny
assignments, eligible assignments that are not active, classic administrators, members of groups,
and the names of principals, which Microsoft Graph has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_id, props
from auditor.collect.creators import ACTIONS, COLUMNS, Grant, covered, summary
from auditor.collect.table import Raw, ResourceTable, common, sorted_set, strings
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope

ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"
DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions"

_BELOW = "atScopeAndBelow()"
"""Lists custom roles of resource groups, too."""

_KEPT = ("actions", "notActions")


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each principal with a capability, with the assignments that give any."""
    if not scope.instance_creators:
        raise CollectError(
            "switched off in the configuration",
            status=Status.SKIPPED,
            kind="configuration",
            hint="set azure.instance_creators = true to read it",
        )
    listed = scope.pages(DEFINITIONS, versions.AUTHORIZATION, **{"$filter": _BELOW})
    roles = {_role_id(raw["id"]): _role(raw) for raw in listed}
    principals: dict[str, list[dict[str, Any]]] = {}
    for assignment in scope.pages(ASSIGNMENTS, versions.AUTHORIZATION):
        found = props(assignment)
        role_id = found["roleDefinitionId"]
        if _role_id(role_id) not in roles:
            # NOTE: a role that cannot be assigned at the subscription itself is in no list of it
            roles[_role_id(role_id)] = _role(scope.get(role_id, versions.AUTHORIZATION))
        held = {**assignment, "role": roles[_role_id(role_id)]}
        if _capabilities(held["role"]):
            principals.setdefault(found["principalId"].lower(), []).append(held)
    for principal_id, assignments in sorted(principals.items()):
        yield {"principalId": principal_id, "assignments": assignments}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one principal."""
    assignments = raw.get("assignments") or ()
    kinds = sorted_set(props(held).get("principalType") for held in assignments)
    principal_id = raw["principalId"].lower()
    return {
        **common(scope, f"/subscriptions/{scope.account_id}/principals/{principal_id}", raw=raw),
        "principal_id": principal_id,
        "principal_kind": kinds[0] if kinds else None,
        **summary(grant for held in assignments for grant in _grants(held)),
        "assigned_at": sorted_set(arm_id(props(held).get("scope")) for held in assignments),
    }


def _role_id(value: str) -> str:
    """Return the GUID of a role, which is the same at every scope."""
    return value.rstrip("/").rpartition("/")[2].lower()


def _role(raw: Raw) -> dict[str, Any]:
    """Return of a definition what decides, and what names it."""
    found = props(raw)
    return {
        "id": raw["id"],
        "roleName": found.get("roleName"),
        "type": found.get("type"),
        "permissions": [
            {key: part.get(key) or [] for key in _KEPT} for part in found.get("permissions") or ()
        ],
    }


def _capabilities(role: Mapping[str, Any]) -> set[str]:
    """Return what a role lets its holders do."""
    allowed: set[str] = set()
    for part in role.get("permissions") or ():
        allowed |= _covered(part.get("actions")) - _covered(part.get("notActions"))
    return {name for name, actions in ACTIONS["azure"].items() if allowed.intersection(actions)}


def _covered(patterns: Any) -> set[str]:
    return {action for pattern in patterns or () for action in covered("azure", pattern)}


def _grants(held: Mapping[str, Any]) -> Iterator[Grant]:
    found, role = props(held), held.get("role") or {}
    name = f"role {role.get('roleName') or _role_id(role.get('id') or '')}"
    place = arm_id(found.get("scope")) or ""
    said = [f"on {place}"] if _is_below_subscription(place) else []
    said += [f"if {found['condition']}"] if found.get("condition") else []
    for capability in sorted(_capabilities(role)):
        yield Grant(capability, name, " ".join(said) or None)


def _is_below_subscription(place: str) -> bool:
    """Say whether a scope is a resource group or a resource."""
    inside = place.removeprefix("/subscriptions/")
    return inside != place and "/" in inside


TABLE = ResourceTable(
    title="Who may create instances",
    description="Principals that may create instances or loosen what protects them; see "
    "azure.instance_creators.",
    columns=(
        *COLUMNS,
        strings("assigned_at", "Where they are assigned: management group, subscription or below."),
    ),
    permissions=(
        "Microsoft.Authorization/roleAssignments/read",
        "Microsoft.Authorization/roleDefinitions/read",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    switch="instance_creators",
)
