"""Subnets: one row each, with the policies and routes that apply to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, parent, props, ref, refs
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each subnet of each virtual network, with its network as `_owner`."""
    networks = scope.pages("/providers/Microsoft.Network/virtualNetworks", versions.NETWORK)
    for network in networks:
        owner = {"id": network["id"], "location": network.get("location")}
        for subnet in props(network).get("subnets") or ():
            yield {**subnet, "_owner": owner}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one subnet."""
    found, owner = props(raw), raw.get("_owner") or {}
    prefixes = (found.get("addressPrefix"), *(found.get("addressPrefixes") or ()))
    return {
        **arm_common(scope, raw, location=owner.get("location")),
        "virtual_network_id": arm_id(owner.get("id")) or parent(raw["id"]),
        "address_prefixes": sorted_set(prefixes),
        "network_security_group_id": ref(found.get("networkSecurityGroup")),
        "route_table_id": ref(found.get("routeTable")),
        "nat_gateway_id": ref(found.get("natGateway")),
        "default_outbound_access": found.get("defaultOutboundAccess"),
        "service_endpoints": sorted_set(
            item.get("service") for item in found.get("serviceEndpoints") or ()
        ),
        "service_endpoint_policy_ids": refs(found.get("serviceEndpointPolicies")),
        "delegations": sorted_set(
            props(item).get("serviceName") for item in found.get("delegations") or ()
        ),
        "private_endpoint_network_policies": found.get("privateEndpointNetworkPolicies"),
        "private_link_service_network_policies": found.get("privateLinkServiceNetworkPolicies"),
        "sharing_scope": found.get("sharingScope"),
        "purpose": found.get("purpose"),
        "provisioning_state": found.get("provisioningState"),
    }


TABLE = ResourceTable(
    title="Subnets",
    description="Subnets of virtual networks: which policy and which routes apply to each.",
    columns=(
        text("virtual_network_id", "resource_id of the virtual network."),
        strings("address_prefixes", "Address ranges."),
        text("network_security_group_id", "Network security group; nothing allows everything."),
        text("route_table_id", "Route table."),
        text("nat_gateway_id", "NAT gateway for what leaves."),
        boolean("default_outbound_access", "Whether machines reach the Internet without a path."),
        strings("service_endpoints", "Services that are reached directly."),
        strings("service_endpoint_policy_ids", "Policies for these services."),
        strings("delegations", "Services that the subnet is handed over to."),
        text("private_endpoint_network_policies", "Which policies hold for private endpoints."),
        text("private_link_service_network_policies", "The same for private link services."),
        text("sharing_scope", "Tenant or DelegatedServices, if it is shared."),
        text("purpose", "What it is used for, as Azure sees it."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
    ),
    permissions=("Microsoft.Network/virtualNetworks/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
    owner="virtual_network_id",
)
