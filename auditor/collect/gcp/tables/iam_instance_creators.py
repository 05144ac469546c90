"""Who may create instances: members of a project's IAM policy whose roles let them, or nearly.

`auditor/collect/creators.py` says which permissions are looked for. Only the policy of the project
itself is read: roles that folders and the organisation give are inherited and not in it, nor are
deny policies, principal access boundaries and the policies of single resources. Groups are one
member each; a member that was deleted holds nothing. A binding with a condition makes a capability
conditional. Roles of an organisation are read too, which needs iam.roles.get there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.creators import ACTIONS, COLUMNS, Grant, summary
from auditor.collect.table import Raw, ResourceTable, common
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

MANAGER = "//cloudresourcemanager.googleapis.com/"

_DELETED = "deleted:"
"""How members begin whose identity is no more; they hold nothing.
https://cloud.google.com/iam/docs/reference/rest/v1/Policy"""

_WANTED = frozenset(action for actions in ACTIONS["gcp"].values() for action in actions)


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each member with a capability, with the bindings that give any; a call per role."""
    if not scope.options.instance_creators:
        raise CollectError(
            "switched off in the configuration",
            status=Status.SKIPPED,
            kind="configuration",
            hint="set gcp.instance_creators = true to read it",
        )
    bindings = scope.project_policy().get("bindings") or ()
    names = sorted({binding["role"] for binding in bindings})
    answers = scope.each(scope.role, names)
    roles = {name: _role(answer or {}) for name, answer in zip(names, answers, strict=True)}
    members: dict[str, list[dict[str, Any]]] = {}
    for binding in bindings:
        held = {"role": binding["role"], **roles[binding["role"]]}
        if binding.get("condition"):
            held["condition"] = binding["condition"]
        for member in binding.get("members") or ():
            if held["permissions"] and not member.startswith(_DELETED):
                members.setdefault(member, []).append(held)
    for member, given in sorted(members.items()):
        yield {"resource": member, "bindings": given}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one member."""
    member = raw["resource"]
    kind, _, rest = member.partition(":")
    return {
        **common(
            scope,
            f"{MANAGER}projects/{scope.account_id}/members/{member}",
            name=rest.rpartition("/")[2] or member,
            raw=raw,
        ),
        "principal_id": member,
        "principal_kind": kind,
        **summary(grant for held in raw.get("bindings") or () for grant in _grants(held)),
    }


def _role(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a role; one that was deleted gives nothing."""
    included = () if answer.get("deleted") else answer.get("includedPermissions") or ()
    return {"title": answer.get("title"), "permissions": sorted(_WANTED.intersection(included))}


def _grants(held: Mapping[str, Any]) -> Iterator[Grant]:
    expression = (held.get("condition") or {}).get("expression")
    permissions = held.get("permissions") or ()
    for capability, actions in ACTIONS["gcp"].items():
        if not set(actions).isdisjoint(permissions):
            limit = f"if {expression}" if expression else None
            yield Grant(capability, str(held.get("role")), limit)


TABLE = ResourceTable(
    title="Who may create instances",
    description="Members of the project's policy that may create instances or loosen what "
    "protects them; see gcp.instance_creators.",
    columns=COLUMNS,
    permissions=("resourcemanager.projects.getIamPolicy", "iam.roles.get"),
    fetch=fetch,
    transform=transform,
    regional=False,
    switch="instance_creators",
)
