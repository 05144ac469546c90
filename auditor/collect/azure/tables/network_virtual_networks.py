"""Virtual networks: one row each, with their peerings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, props, ref, refs
from auditor.collect.table import Raw, ResourceTable, boolean, integer, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each virtual network of the subscription."""
    yield from scope.pages("/providers/Microsoft.Network/virtualNetworks", versions.NETWORK)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one network."""
    found = props(raw)
    encryption = found.get("encryption") or {}
    return {
        **arm_common(scope, raw, incarnation_id=found.get("resourceGuid")),
        "address_prefixes": sorted_set(
            (found.get("addressSpace") or {}).get("addressPrefixes") or ()
        ),
        "dns_servers": sorted_set((found.get("dhcpOptions") or {}).get("dnsServers") or ()),
        "subnet_ids": refs(found.get("subnets")),
        "ddos_protection_enabled": found.get("enableDdosProtection"),
        "ddos_protection_plan_id": ref(found.get("ddosProtectionPlan")),
        "vm_protection_enabled": found.get("enableVmProtection"),
        "encryption_enabled": encryption.get("enabled"),
        "encryption_enforcement": encryption.get("enforcement"),
        "private_endpoint_policies": found.get("privateEndpointVNetPolicies"),
        "flow_timeout_in_minutes": found.get("flowTimeoutInMinutes"),
        "flow_log_ids": refs(found.get("flowLogs")),
        "provisioning_state": found.get("provisioningState"),
        **_peerings([props(item) for item in found.get("virtualNetworkPeerings") or ()]),
    }


def _peerings(found: list[Item]) -> dict[str, Any]:
    """Return the networks on the other side, and what each side lets the other do."""

    def where(flag: str) -> list[str]:
        return sorted_set(ref(p.get("remoteVirtualNetwork")) for p in found if p.get(flag))

    return {
        "peer_ids": sorted_set(ref(p.get("remoteVirtualNetwork")) for p in found),
        "peers_with_access": where("allowVirtualNetworkAccess"),
        "peers_with_forwarded_traffic": where("allowForwardedTraffic"),
        "peers_with_gateway_transit": where("allowGatewayTransit"),
        "peers_whose_gateway_is_used": where("useRemoteGateways"),
        "peer_address_prefixes": sorted_set(
            prefix
            for p in found
            for prefix in (p.get("remoteAddressSpace") or {}).get("addressPrefixes") or ()
        ),
        "peering_states": sorted_set(
            f"{ref(p.get('remoteVirtualNetwork'))} {p.get('peeringState')}" for p in found
        ),
    }


TABLE = ResourceTable(
    title="Virtual networks",
    description="Virtual networks and what they are connected with.",
    columns=(
        strings("address_prefixes", "Address space."),
        strings("dns_servers", "Name servers; nothing is Azure's own."),
        strings("subnet_ids", "Its subnets."),
        boolean("ddos_protection_enabled", "Whether a DDoS protection plan covers it."),
        text("ddos_protection_plan_id", "That plan."),
        boolean("vm_protection_enabled", "Whether VM protection is on for all subnets."),
        boolean("encryption_enabled", "Whether traffic between its machines is encrypted."),
        text("encryption_enforcement", "DropUnencrypted or AllowUnencrypted."),
        text("private_endpoint_policies", "Disabled or Basic."),
        integer("flow_timeout_in_minutes", "When an idle flow is forgotten."),
        strings("flow_log_ids", "Flow logs of its traffic."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
        strings("peer_ids", "Networks that it is peered with."),
        strings("peers_with_access", "Peers whose machines may reach it."),
        strings("peers_with_forwarded_traffic", "Peers that may forward traffic of others to it."),
        strings("peers_with_gateway_transit", "Peers that may use its gateway."),
        strings("peers_whose_gateway_is_used", "Peers whose gateway it uses."),
        strings("peer_address_prefixes", "Address space of its peers."),
        strings("peering_states", "State of each peering.", volatile=True),
    ),
    permissions=("Microsoft.Network/virtualNetworks/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
