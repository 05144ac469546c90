"""Network settings in the template of a scale set, where they are not resources of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.collect.azure.arm import Item, props, ref, refs
from auditor.collect.table import boolean, sorted_set, strings


def template_network(profile: Item) -> dict[str, Any]:
    """Return what every member gets: the union over all interfaces of the template."""
    nics = [props(nic) for nic in profile.get("networkInterfaceConfigurations") or ()]
    configurations = [props(c) for nic in nics for c in nic.get("ipConfigurations") or ()]
    public = [c["publicIPAddressConfiguration"] for c in configurations if _is_public(c)]
    return {
        "network_security_group_ids": sorted_set(
            ref(nic.get("networkSecurityGroup")) for nic in nics
        ),
        "interfaces_without_group": sum(not nic.get("networkSecurityGroup") for nic in nics) > 0,
        "enable_ip_forwarding": any(nic.get("enableIPForwarding") for nic in nics),
        "subnet_ids": sorted_set(ref(c.get("subnet")) for c in configurations),
        "has_public_ip": bool(public),
        "public_ip_prefix_ids": sorted_set(ref(props(c).get("publicIPPrefix")) for c in public),
        "application_security_group_ids": _all(configurations, "applicationSecurityGroups"),
        "load_balancer_backend_pool_ids": _all(configurations, "loadBalancerBackendAddressPools"),
        "load_balancer_inbound_nat_pool_ids": _all(configurations, "loadBalancerInboundNatPools"),
        "application_gateway_backend_pool_ids": _all(
            configurations, "applicationGatewayBackendAddressPools"
        ),
    }


def _is_public(configuration: Item) -> bool:
    return bool(configuration.get("publicIPAddressConfiguration"))


def _all(configurations: list[Item], key: str) -> list[str]:
    def found() -> Iterator[str]:
        for configuration in configurations:
            yield from refs(configuration.get(key))

    return sorted_set(found())


TEMPLATE_NETWORK_COLUMNS = (
    strings("network_security_group_ids", "Network security groups on its interfaces."),
    boolean("interfaces_without_group", "Whether an interface has no network security group."),
    boolean("enable_ip_forwarding", "Whether an interface may forward traffic of others."),
    strings("subnet_ids", "Subnets of its interfaces."),
    boolean("has_public_ip", "Whether an interface gets a public address."),
    strings("public_ip_prefix_ids", "Prefixes that public addresses are taken from."),
    strings("application_security_group_ids", "Application security groups of its interfaces."),
    strings("load_balancer_backend_pool_ids", "Load balancer pools that it serves."),
    strings("load_balancer_inbound_nat_pool_ids", "Load balancer ports that lead to it."),
    strings("application_gateway_backend_pool_ids", "Application gateway pools that it serves."),
)
