"""Roles and who has them: a few built-in roles, a custom one, and assignments of each level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from auditor.simcloud.azure.governance import CORPORATE
from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.wire import Resource

DEFINITION = "Microsoft.Authorization/roleDefinitions"
ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
CREATED = "2025-01-02T10:00:00.0000000Z"


class Role(NamedTuple):
    """What a role is called, and what it allows."""

    id: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    type: str = "BuiltInRole"


OWNER = Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ("*",))
CONTRIBUTOR = Role(
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Contributor",
    ("*",),
    ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"),
)
READER = Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ("*/read",))
SNAPSHOTS = Role(
    "5f0d9a1e-0000-4000-8000-000000000001",
    "Snapshot operator",
    ("microsoft.compute/snapshots/*",),
    ("Microsoft.Compute/snapshots/beginGetAccess/action",),
    "CustomRole",
)
ROLES = (OWNER, CONTRIBUTOR, READER, SNAPSHOTS)


def definitions(subscription: str) -> list[Resource]:
    """Make the definitions that a subscription lists."""
    return [
        {
            "id": definition_id(subscription, role),
            "type": DEFINITION,
            "name": role.id,
            "properties": {
                "roleName": role.name,
                "type": role.type,
                "description": role.name,
                "assignableScopes": [f"/subscriptions/{subscription}"],
                "permissions": [
                    {
                        "actions": list(role.actions),
                        "notActions": list(role.not_actions),
                        "dataActions": [],
                        "notDataActions": [],
                    }
                ],
                "createdOn": CREATED,
                "updatedOn": CREATED,
            },
        }
        for role in ROLES
    ]


def assignments(subscription: str, places: Sequence[Machines]) -> list[Resource]:
    """Make the assignments: of the management group, the subscription, and one of its groups."""
    root = f"/subscriptions/{subscription}"
    made = [
        assignment(subscription, CORPORATE, OWNER, "00000001", kind="Group"),
        assignment(subscription, root, CONTRIBUTOR, "00000002", kind="ServicePrincipal"),
        assignment(subscription, root, READER, "00000003"),
        assignment(subscription, root, SNAPSHOTS, "00000004", kind="ServicePrincipal"),
    ]
    for machines in places[:1]:
        group = f"{root}/resourceGroups/{machines.resource_group(machines.place(0))}"
        made.append(assignment(subscription, group, CONTRIBUTOR, "00000003"))
    return made


def assignment(
    subscription: str, scope: str, role: Role, who: str, *, kind: str = "User"
) -> Resource:
    """Assign a role to the principal whose id begins with eight digits."""
    name = f"{who}-{role.id[:4]}-4000-8000-{len(scope):012d}"
    return {
        "id": f"{scope}/providers/{ASSIGNMENT}/{name}",
        "type": ASSIGNMENT,
        "name": name,
        "properties": {
            "roleDefinitionId": definition_id(subscription, role),
            "principalId": f"{who}-0000-4000-8000-000000000000",
            "principalType": kind,
            "scope": scope,
            "condition": None,
            "conditionVersion": None,
            "createdOn": CREATED,
            "updatedOn": CREATED,
            "createdBy": f"{who}-0000-4000-8000-000000000000",
        },
    }


def definition_id(subscription: str, role: Role) -> str:
    """Return the id of a definition, as a subscription names it."""
    return f"/subscriptions/{subscription}/providers/{DEFINITION}/{role.id}"
