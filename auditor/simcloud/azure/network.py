"""Virtual networks, route tables and load balancers, made from their number."""

from __future__ import annotations

from auditor.simcloud.azure.firewall import GUARDED_SUBNETS
from auditor.simcloud.azure.machines import BALANCED, FORWARDED, Machines
from auditor.simcloud.azure.seeding import SUBNETS, VNET_SIZE
from auditor.simcloud.azure.wire import Resource

VNET = "Microsoft.Network/virtualNetworks"
ROUTES = "Microsoft.Network/routeTables"
BALANCER = "Microsoft.Network/loadBalancers"
FIREWALL = "10.255.0.4"
"""Next hop of the traffic that leaves."""


def vnet(machines: Machines, number: int) -> Resource:
    """Make a virtual network with its subnets."""
    id_ = machines.vnet(number)
    etag = machines.etag("vnet", number)
    return {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": etag,
        "type": VNET,
        "location": machines.location,
        "tags": {"Environment": "shared"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("vnet", number),
            "addressSpace": {"addressPrefixes": [f"{machines.block(number)}.0.0/16"]},
            "encryption": {"enabled": False, "enforcement": "AllowUnencrypted"},
            "privateEndpointVNetPolicies": "Disabled",
            "dhcpOptions": {"dnsServers": []},
            "subnets": [_subnet(machines, number, subnet, etag) for subnet in range(SUBNETS)],
            "virtualNetworkPeerings": _peerings(machines, number, etag),
            "enableDdosProtection": False,
        },
    }


def route_table(machines: Machines, number: int) -> Resource:
    """Make the route table of a virtual network, used by its private subnets."""
    id_ = machines.route_table(number)
    etag = machines.etag("routes", number)
    route = {
        "name": "to-firewall",
        "id": f"{id_}/routes/to-firewall",
        "etag": etag,
        "type": f"{ROUTES}/routes",
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": "0.0.0.0/0",
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": FIREWALL,
            "hasBgpOverride": False,
        },
    }
    return {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": etag,
        "type": ROUTES,
        "location": machines.location,
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("routes", number),
            "disableBgpRoutePropagation": False,
            "routes": [route],
            "subnets": [{"id": machines.subnet(number, subnet)} for subnet in range(1, SUBNETS, 2)],
        },
    }


def balancer(machines: Machines, number: int) -> Resource:
    """Make the load balancer of a virtual network, with NAT rules to its first machines."""
    id_ = machines.balancer(number)
    etag = machines.etag("balancer", number)
    front = f"{id_}/frontendIPConfigurations/public"
    members = [f"{nic}/ipConfigurations/ipconfig1" for nic in backends(machines, number, BALANCED)]
    rules = [
        _nat_rule(id_, etag, front, slot, member) for slot, member in enumerate(members[:FORWARDED])
    ]
    address: Resource = {
        "privateIPAllocationMethod": "Dynamic",
        "publicIPAddress": {"id": machines.balancer_address(number)},
        "inboundNatRules": [{"id": rule["id"]} for rule in rules],
    }
    pool: Resource = {"backendIPConfigurations": [{"id": member} for member in members]}
    return {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": etag,
        "type": BALANCER,
        "location": machines.location,
        "tags": {},
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("balancer", number),
            "frontendIPConfigurations": [
                _part(id_, etag, "frontendIPConfigurations", "public", address)
            ],
            "backendAddressPools": [_part(id_, etag, "backendAddressPools", "machines", pool)],
            "loadBalancingRules": [],
            "probes": [],
            "inboundNatRules": rules,
            "outboundRules": [],
            "inboundNatPools": [],
        },
    }


def backends(machines: Machines, vnet_number: int, most: int) -> list[str]:
    """Return the interfaces of the first machines of a virtual network."""
    first = vnet_number * VNET_SIZE
    count = min(most, machines.vnet_machines(vnet_number))
    return [machines.nic(first + local) for local in range(count)]


def _nat_rule(id_: str, etag: str, front: str, slot: int, member: str) -> Resource:
    properties: Resource = {
        "frontendIPConfiguration": {"id": front},
        "frontendPort": 50000 + slot,
        "backendPort": 22,
        "enableFloatingIP": False,
        "idleTimeoutInMinutes": 4,
        "protocol": "Tcp",
        "enableTcpReset": False,
        "backendIPConfiguration": {"id": member},
    }
    return _part(id_, etag, "inboundNatRules", f"ssh-{slot}", properties)


def _part(id_: str, etag: str, kind: str, name: str, properties: Resource) -> Resource:
    """Make a part of a load balancer."""
    return {
        "name": name,
        "id": f"{id_}/{kind}/{name}",
        "etag": etag,
        "type": f"{BALANCER}/{kind}",
        "properties": {"provisioningState": "Succeeded", **properties},
    }


def _subnet(machines: Machines, number: int, subnet: int, etag: str) -> Resource:
    prefix = f"{machines.block(number)}.{subnet * 32}.0/19"
    # NOTE: the service shows the form in which the subnet was made
    prefixes: Resource = {"addressPrefixes": [prefix]} if subnet % 2 else {"addressPrefix": prefix}
    properties: Resource = {
        "provisioningState": "Succeeded",
        **prefixes,
        "serviceEndpoints": [],
        "delegations": [],
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
        "defaultOutboundAccess": False,
    }
    if subnet < GUARDED_SUBNETS:
        properties["networkSecurityGroup"] = {"id": machines.subnet_nsg(number, subnet)}
    if subnet % 2:
        properties["routeTable"] = {"id": machines.route_table(number)}
    return {
        "name": f"snet-{subnet}",
        "id": machines.subnet(number, subnet),
        "etag": etag,
        "type": f"{VNET}/subnets",
        "properties": properties,
    }


def _peerings(machines: Machines, number: int, etag: str) -> list[Resource]:
    """Peer each network with the others of its location."""
    id_ = machines.vnet(number)
    return [
        {
            "name": f"to-{other}",
            "id": f"{id_}/virtualNetworkPeerings/to-{other}",
            "etag": etag,
            "type": f"{VNET}/virtualNetworkPeerings",
            "properties": {
                "provisioningState": "Succeeded",
                "peeringState": "Connected",
                "peeringSyncLevel": "FullyInSync",
                "remoteVirtualNetwork": {"id": machines.vnet(other)},
                "allowVirtualNetworkAccess": True,
                "allowForwardedTraffic": False,
                "allowGatewayTransit": False,
                "useRemoteGateways": False,
                "remoteAddressSpace": {"addressPrefixes": [f"{machines.block(other)}.0.0/16"]},
            },
        }
        for other in range(machines.vnets)
        if other != number
    ]
