"""IAM policies of projects and the roles in them: Resource Manager's and IAM's answers."""

from __future__ import annotations

from auditor.simcloud.gcp import wire
from auditor.simcloud.gcp.estate import Estate, Project
from auditor.simcloud.gcp.wire import ApiError, Call, Resource, not_found

WITH_CONDITIONS = 3
"""Version of a policy that shows conditions (https://cloud.google.com/iam/docs/policies)."""
ROLES = {
    "compute.instanceAdmin.v1": [
        "compute.instances.create",
        "compute.instances.get",
        "compute.instances.setTags",
        "compute.snapshots.create",
    ],
    "compute.securityAdmin": ["compute.firewalls.create", "compute.firewalls.update"],
    "compute.viewer": ["compute.instances.get", "compute.instances.list"],
    "iam.serviceAccountUser": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.get"],
}
"""Some of the predefined roles with a few of their permissions each."""
CUSTOM = "snapshotter"


def fill(project: Project) -> None:
    """Give a project an IAM policy and a custom role."""
    own = f"projects/{project.id}/roles/{CUSTOM}"
    project.access.roles[CUSTOM] = ["compute.snapshots.create", "compute.disks.createSnapshot"]
    deploy = f"serviceAccount:deploy@{project.id}.iam.gserviceaccount.com"
    office = {"title": "office hours", "expression": "request.time.getHours('UTC') < 18"}
    project.access.bindings = [
        _binding("roles/compute.instanceAdmin.v1", deploy, "group:platform@example.com"),
        _binding("roles/iam.serviceAccountUser", deploy),
        _binding("roles/compute.viewer", "group:everyone@example.com"),
        _binding(own, f"serviceAccount:backup-runner@{project.id}.iam.gserviceaccount.com"),
        _binding("roles/compute.securityAdmin", "user:ada@example.com") | {"condition": office},
        _binding("roles/compute.securityAdmin", "deleted:user:eve@example.com?uid=1234"),
    ]


def policy(project: Project, call: Call) -> bytes:
    """Answer with a project's policy; versions before 3 leave conditions out."""
    version = (call.body.get("options") or {}).get("requestedPolicyVersion", 1)
    bindings = project.access.bindings
    if version < WITH_CONDITIONS:
        bindings = [{k: v for k, v in b.items() if k != "condition"} for b in bindings]
    shown = WITH_CONDITIONS if any("condition" in binding for binding in bindings) else 1
    return wire.item({"version": shown, "etag": "BwYfKqHnbZc=", "bindings": bindings})


def role(estate: Estate, call: Call) -> bytes:
    """Answer with a predefined role, or one of a project."""
    id_, name = call.path["role"], call.path.get("project")
    project = estate.find(name) if name else None
    if name and project is None:
        raise ApiError("forbidden", f"Permission denied on projects/{name}", status=403)
    known, start = (project.access.roles, f"projects/{name}/") if project else (ROLES, "")
    if id_ not in known:
        raise not_found(f"{start}roles/{id_}")
    made: Resource = {"name": f"{start}roles/{id_}", "title": id_, "stage": "GA"}
    return wire.item(made | {"includedPermissions": known[id_], "etag": "AA=="})


def _binding(role: str, *members: str) -> Resource:
    return {"role": role, "members": list(members)}
