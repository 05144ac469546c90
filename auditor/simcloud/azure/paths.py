"""The grammar of ARM paths: from a request to the action and names that it is about."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from auditor.simcloud.azure.wire import ApiError, Call
from auditor.simcloud.http import Request

KINDS = (
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/policyExemptions",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.Compute/diskEncryptionSets",
    "Microsoft.Compute/disks",
    "Microsoft.Compute/galleries",
    "Microsoft.Compute/images",
    "Microsoft.Compute/snapshots",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces",
    "Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses",
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachines/extensions",
    "Microsoft.Compute/virtualMachines/instanceView",
    "Microsoft.Compute/virtualMachines/runCommands",
    "Microsoft.Insights/eventTypes/values",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/applicationSecurityGroups",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/locations/serviceTags",
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/networkManagers",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules",
    "Microsoft.SerialConsole/consoleServices",
)
"""Every list that is served, as the faults and counters name it."""
CANONICAL = {kind.lower(): kind for kind in KINDS}
TENANT = {
    1: "subscriptions",
    2: "subscriptions/read",
}


def parse(request: Request) -> Call:
    """Take a request apart; what is not an ARM path is refused as the service does."""
    parts = urlsplit(request.target)
    query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if not segments or segments[0].lower() != "subscriptions":
        raise ApiError("ResourceNotFound", f"there is nothing at {parts.path}", status=404)
    group, rest = _in_group(segments[2:])
    action, names = _action(segments, rest)
    return Call(
        method=request.method,
        path=parts.path,
        base_url=request.base_url,
        query=query,
        body=request.body,
        account=segments[1].lower() if len(segments) > 1 else "",
        region=_region(rest),
        group=group,
        action=action,
        names=names,
    )


def _in_group(segments: list[str]) -> tuple[str, list[str]]:
    if len(segments) > 2 and segments[0].lower() == "resourcegroups":  # noqa: PLR2004 - a pair
        return segments[1], segments[2:]
    return "", segments


def _action(segments: list[str], rest: list[str]) -> tuple[str, tuple[str, ...]]:
    if not rest:
        return TENANT[min(len(segments), 2)], ()
    if rest[0].lower() != "providers" or len(rest) == 1:
        return f"subscriptions/{rest[0].lower()}", tuple(rest[1:])
    provider, *path = rest[1:]
    types, names = path[::2], path[1::2]
    kind = "/".join([provider, *types])
    kind = CANONICAL.get(kind.lower(), kind)
    single = bool(types) and len(types) == len(names)
    return (f"{kind}/read" if single else kind), tuple(names)


def _region(rest: list[str]) -> str:
    """Return the location after `providers/<namespace>/locations/`."""
    match rest:
        case [_, _, kind, location, *_] if kind.lower() == "locations":
            return location.lower()
    return "global"
