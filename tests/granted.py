"""What each cloud's access control asks for when a request comes in, by the clouds' own manuals.

The reading is independent of the program and of the simulated clouds: it takes nothing but method,
path and body of a request as it was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from auditor.simcloud.http import Request

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_NETWORK_POLICIES = ("compute.firewallPolicies", "compute.regionFirewallPolicies")
_COMPUTE = re.compile(
    r"/compute/v1/projects/[^/]+/(?:(global|aggregated)|(zones|regions)/[^/]+)/([^/]+)(?:/(.+))?"
)


def of_aws(request: Request) -> set[str]:
    """Return the IAM action: it has the service of the signature and the name of the API call."""
    signed = _SIGNED_FOR.search(request.headers.get("Authorization", ""))
    assert signed, "an unsigned request"
    target = request.headers.get("X-Amz-Target")
    if target:
        return {f"{signed[1]}:{target.rpartition('.')[2]}"}
    (action,) = parse_qs(request.body.decode())["Action"]
    return {f"{signed[1]}:{action}"}


def of_azure(request: Request) -> set[str]:
    """Return the operation, in lower case, as Azure compares them.

    A GET asks for `read` of the resource type, whether it is of one resource or of a list; a POST
    for the `action` that ends its path.
    """
    path = unquote(urlsplit(request.target).path).strip("/").lower()
    _, provided, rest = path.rpartition("/providers/")
    if not provided:
        assert re.fullmatch(r"subscriptions(/[^/]+)?", path), path
        return {"microsoft.resources/subscriptions/read"}
    namespace, *pairs = rest.split("/")
    verb = {"GET": "read", "POST": "action"}[request.method]
    return {"/".join([namespace, *pairs[::2], verb])}


def of_gcp(request: Request) -> set[str]:
    """Return the permissions; a list of several kinds asks for one of each."""
    path = unquote(urlsplit(request.target).path)
    for pattern, permission in _GCP_PATHS.items():
        if re.fullmatch(pattern, path):
            return {permission}
    found = _COMPUTE.fullmatch(path)
    assert found, path
    common, place, kind, rest = found.groups()
    if kind == "firewallPolicies" and common == "aggregated":
        return {f"{name}.list" for name in _NETWORK_POLICIES}
    if kind == "firewallPolicies" and place == "regions":
        kind = "regionFirewallPolicies"
    verb = "list" if rest is None else rest.partition("/")[2] or "get"
    if verb == "listManagedInstances":
        # NOTE: asked for on the group, of which the members are a part
        # (https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroupManagers/listManagedInstances)
        verb = "get"
    return {f"compute.{kind}.{verb}"}


_GCP_PATHS = {
    r"/compute/v1/projects/[^/]+": "compute.projects.get",
    r"/compute/v1/projects/[^/]+/zones": "compute.zones.list",
    r"/compute/v1/projects/[^/]+/zones/[^/]+/instanceSettings": "compute.instanceSettings.get",
    r"/compute/v1/locations/global/firewallPolicies": "compute.firewallPolicies.list",
    r"/compute/v1/locations/global/firewallPolicies/[^/]+": "compute.firewallPolicies.get",
    r"/v2/entries:list": "logging.logEntries.list",
    r"/v3/folders": "resourcemanager.folders.list",
    r"/v3/projects:search": "resourcemanager.projects.get",
    r"/v3/projects/[^/]+:getIamPolicy": "resourcemanager.projects.getIamPolicy",
    r"/v1/(?:projects/[^/]+/)?roles/[^/]+": "iam.roles.get",
}
"""Paths that do not name a resource type of the project the usual way."""

OF: dict[str, Callable[[Request], set[str]]] = {"aws": of_aws, "azure": of_azure, "gcp": of_gcp}


def asked(cloud: str, requests: list[Request]) -> set[str]:
    """Return all permissions that some requests ask for."""
    return set().union(*(OF[cloud](request) for request in requests))


def declared(cloud: str, permissions: list[str] | tuple[str, ...]) -> set[str]:
    """Return permissions as `asked` spells them."""
    return {p.lower() if cloud == "azure" else p for p in permissions}


def in_policy(text: str, form: str, cloud: str) -> set[str]:
    """Return the permissions that a printed policy or role grants."""
    if form == "terraform":
        if cloud == "aws":
            text = text[text.index("jsonencode(") + len("jsonencode(") : text.rindex(")")]
        else:
            listed = re.search(r"(?:permissions|actions) = (\[.*?\])", text, re.DOTALL)
            assert listed, text
            return set(json.loads(re.sub(r",\s*\]", "]", listed[1])))
    policy = json.loads(text)
    if cloud == "aws":
        actions = [s["Action"] for s in policy["Statement"]]
        return {a for some in actions for a in ([some] if isinstance(some, str) else some)}
    return set(policy["Actions" if cloud == "azure" else "includedPermissions"])
