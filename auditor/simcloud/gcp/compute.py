"""The Compute methods that an auditor reads."""

from __future__ import annotations

from collections.abc import Callable

from auditor.simcloud.collection import Collection
from auditor.simcloud.gcp import firewall, groups, wire
from auditor.simcloud.gcp.estate import Estate, Project
from auditor.simcloud.gcp.paging import compute_page
from auditor.simcloud.gcp.routes import KINDS
from auditor.simcloud.gcp.seeding import region_of
from auditor.simcloud.gcp.wire import ApiError, Call, Resource, fingerprint, invalid, not_found

UNSUPPORTED = ("filter", "orderBy")


def answer(estate: Estate, call: Call, verb: str) -> bytes:
    """Answer a Compute call, or raise the refusal that the service would send."""
    for name in UNSUPPORTED:
        # NOTE: refused rather than ignored, so that nobody reads more than was asked for
        if call.params.get(name):
            raise invalid(f"Invalid value for field '{name}': it is not simulated")
    return HANDLERS[verb](estate, call)


def _project(estate: Estate, call: Call) -> Project:
    project = estate.find(call.path["project"])
    if project is None:
        raise not_found(f"projects/{call.path['project']}")
    return project


def _collection(estate: Estate, call: Call) -> tuple[Project, Collection]:
    project = _project(estate, call)
    scope = call.path.get("scope", "global")
    first, _, name = scope.partition("/")
    known = {"zones": project.all_zones, "regions": project.all_regions, "global": ("",)}[first]
    if name not in known:
        field = first[:-1]
        raise invalid(f"Invalid value for field '{field}': '{name}'. Unknown {field}.")
    if scope in project.unreachable:
        raise ApiError("backendError", f"The scope '{scope}' is unreachable.", status=503)
    return project, project.collections[call.path["kind"]]


def _full(call: Call) -> str:
    """Return the path of the resource that a call names, within its project."""
    return f"{call.path['scope']}/{call.path['kind']}/{call.path['name']}"


def _list(estate: Estate, call: Call) -> bytes:
    project, collection = _collection(estate, call)
    paths = collection.scope(call.path["scope"])
    page = compute_page(call, len(paths))
    fragments = map(collection.fragment, paths[page.start : page.stop])
    where = f"{call.path['scope']}/{call.path['kind']}"
    return _listed(call, project, where, f"{_title(call)}List", list(fragments), page.token)


def _title(call: Call) -> str:
    return KINDS[call.path["kind"]].title


def _listed(
    call: Call, project: Project, where: str, kind: str, items: list[bytes], token: str | None
) -> bytes:
    head: Resource = {"kind": f"compute#{kind}", "id": f"projects/{project.id}/{where}"}
    if token:
        head["nextPageToken"] = token
    if call.path.get("kind") != "firewallPolicies":
        head["selfLink"] = project.link(where)
    # NOTE: an empty list has no `items`, as in the recorded answers
    body = b',"items":[' + b",".join(items) + b"]" if items else b""
    return wire.item(head)[:-1] + body + b"}"


def _scopes(project: Project, kind: str) -> list[str]:
    """Return all scopes that may hold a kind, used or not."""
    words = KINDS[kind].services
    scopes = ["global"] if "global" in words else []
    if "regions" in words:
        scopes += [f"regions/{region}" for region in project.all_regions]
    if "zones" in words:
        scopes += [f"zones/{zone}" for zone in project.all_zones]
    return scopes


def _aggregated(estate: Estate, call: Call) -> bytes:
    project, kind = _project(estate, call), call.path["kind"]
    collection = project.collections[kind]
    scopes = _scopes(project, kind)
    lost = [scope for scope in scopes if scope in project.unreachable]
    sizes = {s: len(collection.scope(s)) for s in scopes if s not in lost}
    page = compute_page(call, sum(sizes.values()), empties=True)
    parts, before = [], 0
    for scope in scopes:
        if scope in lost:
            parts.append(_warned(scope, "UNREACHABLE", f"The scope '{scope}' is unreachable."))
            continue
        first, last = max(0, page.start - before), max(0, page.stop - before)
        paths = collection.scope(scope)[first:last]
        before += sizes[scope]
        if paths:
            body = b",".join(map(collection.fragment, paths))
            parts.append(b'"%s":{"%s":[%s]}' % (scope.encode(), kind.encode(), body))
        else:
            text = f"There are no results for scope '{scope}' on this page."
            parts.append(_warned(scope, "NO_RESULTS_ON_PAGE", text))
    where = f"aggregated/{kind}"
    title = "networkFirewallPolicy" if kind == "firewallPolicies" else _title(call)
    head: Resource = {"kind": f"compute#{title}AggregatedList"}
    head |= {"id": f"projects/{project.id}/{where}", "selfLink": project.link(where)}
    head |= {"nextPageToken": page.token} if page.token else {}
    # NOTE: templates have no such member in the discovery document
    if lost and kind != "instanceTemplates":
        head["unreachables"] = [f"projects/{project.id}/{scope}" for scope in lost]
    return wire.item(head)[:-1] + b',"items":{' + b",".join(parts) + b"}}"


def _warned(scope: str, code: str, message: str) -> bytes:
    warning = {"code": code, "message": message, "data": [{"key": "scope", "value": scope}]}
    return wire.item(scope) + b':{"warning":' + wire.item(warning) + b"}"


def _get(estate: Estate, call: Call) -> bytes:
    project, collection = _collection(estate, call)
    path = _full(call)
    if path not in collection:
        raise not_found(f"projects/{project.id}/{path}")
    return collection.fragment(path)


def _iam_policy(estate: Estate, call: Call) -> bytes:
    project, collection = _collection(estate, call)
    path = _full(call)
    if path not in collection:
        raise not_found(f"projects/{project.id}/{path}")
    return wire.item(project.policy(path))


def _managed(estate: Estate, call: Call) -> bytes:
    project, collection = _collection(estate, call)
    path = _full(call)
    if path not in collection:
        raise not_found(f"projects/{project.id}/{path}")
    group, members = collection.get(path), project.members[path]
    body: Resource = {}
    if group["listManagedInstancesResults"] == "PAGINATED":
        page = compute_page(call, len(members))
        members = members[page.start : page.stop]
        if page.token:
            body["nextPageToken"] = page.token
    if members:
        body["managedInstances"] = [groups.managed(project, group, member) for member in members]
    return wire.item(body)


def _effective(estate: Estate, call: Call) -> bytes:
    project, region = _project(estate, call), call.path.get("region")
    asked = call.path.get("network") or call.params.get("network", "")
    network = asked.rpartition("/")[2]
    if f"global/networks/{network}" not in project.networks:
        raise not_found(f"projects/{project.id}/global/networks/{network}")
    if region is not None and region not in project.all_regions:
        raise invalid(f"Invalid value for field 'region': '{region}'. Unknown region.")
    return wire.item(firewall.effective(estate, project, network, region))


def _details(estate: Estate, call: Call) -> bytes:
    project = _project(estate, call)
    items = [{"key": key, "value": value} for key, value in project.metadata.items()]
    metadata = {"kind": "compute#metadata", "fingerprint": fingerprint(items), "items": items}
    return wire.item(project.details | {"commonInstanceMetadata": metadata})


def _settings(estate: Estate, call: Call) -> bytes:
    project, zone = _project(estate, call), call.path["zone"]
    if zone not in project.all_zones:
        raise invalid(f"Invalid value for field 'zone': '{zone}'. Unknown zone.")
    items = project.zonal_metadata.get(zone, {})
    settings: Resource = {"kind": "compute#instanceSettings", "fingerprint": fingerprint(items)}
    settings |= {"zone": project.link(f"zones/{zone}")}
    if items:
        settings["metadata"] = {"kind": "compute#instanceSettingsMetadata", "items": items}
    return wire.item(settings)


def _zones(estate: Estate, call: Call) -> bytes:
    project = _project(estate, call)
    made = [_place(project, "zone", zone) for zone in project.all_zones]
    for zone in made:
        zone["region"] = project.link(f"regions/{region_of(zone['name'])}")
        zone["supportsPzs"] = True
    return _places(call, project, "zone", made)


def _regions(estate: Estate, call: Call) -> bytes:
    project = _project(estate, call)
    made = [_place(project, "region", region) for region in project.all_regions]
    for region in made:
        inside = [zone for zone in project.all_zones if region_of(zone) == region["name"]]
        region["zones"] = [project.link(f"zones/{zone}") for zone in inside]
    return _places(call, project, "region", made)


def _place(project: Project, kind: str, name: str) -> Resource:
    return {
        "kind": f"compute#{kind}",
        "id": str(1000 + sum(name.encode())),
        "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
        "name": name,
        "description": name,
        "status": "UP",
        "selfLink": project.link(f"{kind}s/{name}"),
    }


def _places(call: Call, project: Project, kind: str, made: list[Resource]) -> bytes:
    page = compute_page(call, len(made))
    items = list(map(wire.item, made[page.start : page.stop]))
    return _listed(call, project, f"{kind}s", f"{kind}List", items, page.token)


def _hierarchical(estate: Estate, call: Call) -> bytes:
    if policy_id := call.path.get("policy"):
        if policy_id not in estate.policies:
            raise not_found(f"locations/global/firewallPolicies/{policy_id}")
        return wire.item(estate.policies[policy_id])
    parent = call.params.get("parentId", "")
    if parent != estate.organization and parent not in estate.folders:
        raise invalid(f"Invalid value for field 'parentId': '{parent}'")
    found = [policy for policy in estate.policies.values() if policy["parent"] == parent]
    page = compute_page(call, len(found))
    body: Resource = {
        "kind": "compute#firewallPolicyList",
        "id": "locations/global/firewallPolicies",
    }
    if found:
        body["items"] = found[page.start : page.stop]
    if page.token:
        body["nextPageToken"] = page.token
    return wire.item(body)


HANDLERS: dict[str, Callable[[Estate, Call], bytes]] = {
    "list": _list,
    "aggregatedList": _aggregated,
    "get": _get,
    "getIamPolicy": _iam_policy,
    "listManagedInstances": _managed,
    "effective": _effective,
    "project": _details,
    "settings": _settings,
    "zones": _zones,
    "regions": _regions,
    "hierarchical": _hierarchical,
}
