"""Network interfaces and public addresses, made from the index of the machine they belong to."""

from __future__ import annotations

from auditor.simcloud.azure.agents import MACHINE
from auditor.simcloud.azure.machines import BALANCED, EVERY_PUBLIC, FORWARDED, Machines
from auditor.simcloud.azure.wire import Resource

NIC = "Microsoft.Network/networkInterfaces"
ADDRESS = "Microsoft.Network/publicIPAddresses"


def interface(machines: Machines, index: int) -> Resource:
    """Make the interface of a machine."""
    place = machines.place(index)
    id_ = machines.nic(index)
    etag = machines.etag("nic", index)
    group = machines.resource_group(place)
    properties: Resource = {
        "provisioningState": "Succeeded",
        "resourceGuid": machines.guid("nic", index),
        "ipConfigurations": [_configuration(machines, index, id_, etag)],
        **_plain(machines),
        "enableAcceleratedNetworking": index % 2 == 0,
        "virtualMachine": {
            "id": machines.shouted(group, MACHINE, machines.name(index, place)),
        },
    }
    if machines.is_running(index):
        digits = machines.hex("mac", index)[:6].upper()
        properties["macAddress"] = "-".join(("00", "0D", "3A", *_pairs(digits)))
    if machines.is_guarded(index):
        properties["networkSecurityGroup"] = {"id": machines.role_nsg(place.group)}
    return {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": etag,
        "type": NIC,
        "location": machines.location,
        "tags": {"Environment": place.role.environment},
        "properties": properties,
        "kind": "Regular",
    }


def address_ids(machines: Machines) -> list[str]:
    """Return the ids of all public addresses: those of machines, then of load balancers."""
    own = [machines.address_id(index) for index in _public(machines)]
    return own + [machines.balancer_address(vnet) for vnet in range(machines.vnets)]


def address(machines: Machines, number: int) -> Resource:
    """Make the public address in a place of `address_ids`."""
    public = _public(machines)
    if number >= len(public):
        vnet = number - len(public)
        front = f"{machines.balancer(vnet)}/frontendIPConfigurations/public"
        return public_address(
            machines, machines.balancer_address(vnet), number, used_by=front, basic=False
        )
    index = public[number]
    return public_address(
        machines,
        machines.address_id(index),
        number,
        used_by=f"{machines.nic(index)}/ipConfigurations/ipconfig1",
        basic=machines.is_basic(index),
        shown=machines.is_running(index) or not machines.is_basic(index),
    )


def public_address(
    machines: Machines, id_: str, number: int, *, used_by: str, basic: bool, shown: bool = True
) -> Resource:
    """Make a public address; a Basic one is dynamic, and has a value only while in use."""
    properties: Resource = {
        "provisioningState": "Succeeded",
        "resourceGuid": machines.guid("address", number),
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Dynamic" if basic else "Static",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
        "ipConfiguration": {"id": used_by},
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
    }
    if shown:
        properties["ipAddress"] = machines.public_ip(number)
    return {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": machines.etag("address", number),
        "type": ADDRESS,
        "location": machines.location,
        "tags": {},
        "sku": {"name": "Basic" if basic else "Standard", "tier": "Regional"},
        "properties": properties,
    }


def _plain(machines: Machines) -> Resource:
    """Return what is the same for all interfaces of a location."""
    return {
        "dnsSettings": {
            "dnsServers": [],
            "appliedDnsServers": [],
            "internalDomainNameSuffix": machines.dns_suffix,
        },
        "vnetEncryptionSupported": False,
        "enableIPForwarding": False,
        "disableTcpStateTracking": False,
        "primary": True,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
        "allowPort25Out": False,
        "auxiliaryMode": "None",
        "auxiliarySku": "None",
    }


def _configuration(machines: Machines, index: int, nic: str, etag: str) -> Resource:
    place = machines.place(index)
    properties: Resource = {
        "provisioningState": "Succeeded",
        "privateIPAddress": place.address,
        "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": machines.subnet(place.vnet, place.subnet)},
        "primary": True,
        "privateIPAddressVersion": "IPv4",
    }
    if machines.is_public(index):
        properties["publicIPAddress"] = {"id": machines.address_id(index)}
    if index % 2 == 0:
        properties["applicationSecurityGroups"] = [{"id": machines.asg(place.group)}]
    balancer = machines.balancer(place.vnet)
    if place.local < BALANCED:
        pool = f"{balancer}/backendAddressPools/machines"
        properties["loadBalancerBackendAddressPools"] = [{"id": pool}]
    if place.local < FORWARDED:
        forwarded = f"{balancer}/inboundNatRules/ssh-{place.local}"
        properties["loadBalancerInboundNatRules"] = [{"id": forwarded}]
    return {
        "name": "ipconfig1",
        "id": f"{nic}/ipConfigurations/ipconfig1",
        "etag": etag,
        "type": f"{NIC}/ipConfigurations",
        "properties": properties,
    }


def _public(machines: Machines) -> range:
    return range(EVERY_PUBLIC // 2, machines.count, EVERY_PUBLIC)


def _pairs(digits: str) -> list[str]:
    return [digits[start : start + 2] for start in range(0, len(digits), 2)]
