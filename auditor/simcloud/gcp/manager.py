"""Resource Manager: the projects and folders of the organisation."""

from __future__ import annotations

import re

from auditor.simcloud.gcp import access, wire
from auditor.simcloud.gcp.estate import Estate, Project
from auditor.simcloud.gcp.paging import page
from auditor.simcloud.gcp.wire import ApiError, Call, Resource, invalid

MOST, USUAL = 500, 100
"""Items of a page at most, and where no size is asked for."""
CREATED = "2024-12-01T16:00:00.000Z"
TERM = re.compile(r'(\w+)[:=]"?([^"\s)]+)"?\Z')
QUERIED = {"parent": "parent", "id": "projectId", "projectid": "projectId", "state": "state"}


def answer(estate: Estate, call: Call, verb: str) -> bytes:
    """Answer a Resource Manager call, or raise the refusal that the service would send."""
    if verb == "permissions":
        _find(estate, call.path["project"])
        return wire.item({"permissions": call.body.get("permissions", [])})
    if verb == "policy":
        return access.policy(_find(estate, call.path["project"]), call)
    if verb == "projects":
        if name := call.path.get("project"):
            return wire.item(_show(_find(estate, name)))
        return _listed(call, "projects", [_show(p) for p in estate.projects.values()])
    if name := call.path.get("folder"):
        if f"folders/{name}" not in estate.folders:
            raise _hidden(f"folders/{name}")
        return wire.item(estate.folders[f"folders/{name}"])
    return _listed(call, "folders", list(estate.folders.values()))


def _find(estate: Estate, name: str) -> Project:
    project = estate.find(name)
    if project is None or project.id in estate.public:
        raise _hidden(f"projects/{name}")
    return project


def _hidden(name: str) -> ApiError:
    # NOTE: Resource Manager does not tell what is missing from what is forbidden
    text = f"The caller does not have permission on {name} (or it may not exist)"
    info = {"reason": "IAM_PERMISSION_DENIED", "domain": "iam.googleapis.com"}
    return ApiError("forbidden", text, status=403, info=info)


def _show(project: Project) -> Resource:
    return {
        "name": f"projects/{project.number}",
        "parent": project.parent,
        "projectId": project.id,
        "state": "ACTIVE",
        "displayName": project.name,
        "createTime": CREATED,
        "updateTime": CREATED,
        "etag": 'W/"6b1f5f9c3f7a2f10"',
        "labels": {"owner": "platform"},
    }


def _listed(call: Call, kind: str, found: list[Resource]) -> bytes:
    if call.action.endswith(".list"):
        found = [item for item in found if item["parent"] == call.params.get("parent")]
    for term in re.split(r"\s+(?:AND\s+)?", call.params.get("query", "").strip("() ")):
        if term:
            name, value = _term(term)
            found = [item for item in found if item.get(name) == value]
    text = call.params.get("pageSize") or "0"
    if not text.isdecimal():
        raise invalid("Invalid page size")
    size = min(int(text), MOST) or USUAL
    part = page(call, len(found), size, sent=call.params.get("pageToken"))
    body: Resource = {kind: found[part.start : part.stop]} if found else {}
    return wire.item(body | ({"nextPageToken": part.token} if part.token else {}))


def _term(term: str) -> tuple[str, str]:
    match = TERM.match(term)
    name = match.group(1) if match else ""
    if match is None or name.lower() not in QUERIED:
        raise invalid(f"Invalid query: {term}")
    return QUERIED[name.lower()], match.group(2)
