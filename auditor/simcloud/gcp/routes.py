"""From a path to the method it means: the ids of the discovery documents, and their parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from auditor.simcloud.gcp.wire import COMPUTE, IAM, LOGGING, MANAGER

PROJECT = "/compute/v1/projects/{project}"
NODES = "/compute/v1/locations/global/firewallPolicies"


class Kind(NamedTuple):
    """A kind of Compute resource: what its lists say they are, and who lists it in which scope."""

    title: str
    """Such as `instance`: lists are `compute#instanceList`."""
    services: dict[str, str]
    """First word of a scope -> service of the discovery document."""
    aggregated: str | None = None
    """Service of the aggregated list, if there is one."""


KINDS = {
    "instances": Kind("instance", {"zones": "instances"}, "instances"),
    "disks": Kind("disk", {"zones": "disks", "regions": "regionDisks"}, "disks"),
    "instanceGroupManagers": Kind(
        "instanceGroupManager",
        {"zones": "instanceGroupManagers", "regions": "regionInstanceGroupManagers"},
        "instanceGroupManagers",
    ),
    "instanceTemplates": Kind(
        "instanceTemplate",
        {"global": "instanceTemplates", "regions": "regionInstanceTemplates"},
        "instanceTemplates",
    ),
    "subnetworks": Kind("subnetwork", {"regions": "subnetworks"}, "subnetworks"),
    "firewallPolicies": Kind(
        "firewallPolicy",
        {"global": "networkFirewallPolicies", "regions": "regionNetworkFirewallPolicies"},
        "networkFirewallPolicies",
    ),
    "snapshots": Kind("snapshot", {"global": "snapshots"}),
    "images": Kind("image", {"global": "images"}),
    "machineImages": Kind("machineImage", {"global": "machineImages"}),
    "firewalls": Kind("firewall", {"global": "firewalls"}),
    "networks": Kind("network", {"global": "networks"}),
    "routes": Kind("route", {"global": "routes"}),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path means."""

    service: str
    action: str
    verb: str
    """Which handler answers."""
    path: dict[str, str]


def _compile(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", template) + r"\Z")


FIXED: list[tuple[str, str, str, str, str]] = [
    ("GET", PROJECT, COMPUTE, "projects.get", "project"),
    ("GET", PROJECT + "/zones", COMPUTE, "zones.list", "zones"),
    ("GET", PROJECT + "/regions", COMPUTE, "regions.list", "regions"),
    (
        "GET",
        PROJECT + "/zones/{zone}/instanceSettings",
        COMPUTE,
        "instanceSettings.get",
        "settings",
    ),
    (
        "GET",
        PROJECT + "/global/networks/{network}/getEffectiveFirewalls",
        COMPUTE,
        "networks.getEffectiveFirewalls",
        "effective",
    ),
    (
        "GET",
        PROJECT + "/regions/{region}/firewallPolicies/getEffectiveFirewalls",
        COMPUTE,
        "regionNetworkFirewallPolicies.getEffectiveFirewalls",
        "effective",
    ),
    ("GET", NODES, COMPUTE, "firewallPolicies.list", "hierarchical"),
    ("GET", NODES + "/{policy}", COMPUTE, "firewallPolicies.get", "hierarchical"),
    ("POST", "/v2/entries:list", LOGGING, "logging.entries.list", "entries"),
    ("GET", "/v3/projects:search", MANAGER, f"{MANAGER}.projects.search", "projects"),
    ("GET", "/v3/projects", MANAGER, f"{MANAGER}.projects.list", "projects"),
    ("GET", "/v3/projects/{project}", MANAGER, f"{MANAGER}.projects.get", "projects"),
    (
        "POST",
        "/v3/projects/{project}:testIamPermissions",
        MANAGER,
        f"{MANAGER}.projects.testIamPermissions",
        "permissions",
    ),
    (
        "POST",
        "/v3/projects/{project}:getIamPolicy",
        MANAGER,
        f"{MANAGER}.projects.getIamPolicy",
        "policy",
    ),
    ("GET", "/v1/roles/{role}", IAM, f"{IAM}.roles.get", "role"),
    ("GET", "/v1/projects/{project}/roles/{role}", IAM, f"{IAM}.projects.roles.get", "role"),
    ("GET", "/v3/folders:search", MANAGER, f"{MANAGER}.folders.search", "folders"),
    ("GET", "/v3/folders", MANAGER, f"{MANAGER}.folders.list", "folders"),
    ("GET", "/v3/folders/{folder}", MANAGER, f"{MANAGER}.folders.get", "folders"),
]
SCOPED = [
    ("GET", PROJECT + "/aggregated/{kind}", "aggregatedList"),
    ("GET", PROJECT + "/(?P<scope>global|zones/[^/]+|regions/[^/]+)/{kind}", "list"),
    ("GET", PROJECT + "/(?P<scope>global|zones/[^/]+|regions/[^/]+)/{kind}/{name}", "get"),
    (
        "GET",
        PROJECT + "/(?P<scope>global|zones/[^/]+)/{kind}/{name}/getIamPolicy",
        "getIamPolicy",
    ),
    (
        "POST",
        PROJECT + "/(?P<scope>zones/[^/]+|regions/[^/]+)/{kind}/{name}/listManagedInstances",
        "listManagedInstances",
    ),
]
WITH_IAM = ("instances", "snapshots", "images", "machineImages", "disks")
_FIXED = [(row[0], _compile(row[1]), row[2], row[3], row[4]) for row in FIXED]
_SCOPED = [(row[0], _compile(row[1]), row[2]) for row in SCOPED]


def find(method: str, path: str) -> Target | None:
    """Return what a request means, or None if nothing here answers it."""
    for wanted, pattern, service, action, verb in _FIXED:
        if method == wanted and (match := pattern.match(path)):
            return Target(service, action, verb, match.groupdict())
    for wanted, pattern, verb in _SCOPED:
        if method == wanted and (match := pattern.match(path)):
            return _scoped(verb, match.groupdict())
    return None


def _scoped(verb: str, path: dict[str, str]) -> Target | None:
    kind = KINDS.get(path["kind"])
    if kind is None:
        return None
    first = path.get("scope", "").partition("/")[0]
    service = kind.services.get(first) if first else kind.aggregated
    if service is None:
        return None
    if verb == "getIamPolicy" and path["kind"] not in WITH_IAM:
        return None
    if verb == "listManagedInstances" and path["kind"] != "instanceGroupManagers":
        return None
    return Target(COMPUTE, f"{service}.{verb}", verb, path)
