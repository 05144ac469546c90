"""Load balancers: one row each, with the paths from their addresses to machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, lower, props, ref, refs
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each load balancer of the subscription."""
    yield from scope.pages("/providers/Microsoft.Network/loadBalancers", versions.NETWORK)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one load balancer."""
    found, sku = props(raw), raw.get("sku") or {}
    return {
        **arm_common(scope, raw, incarnation_id=found.get("resourceGuid")),
        "sku_name": sku.get("name"),
        "sku_tier": sku.get("tier"),
        "provisioning_state": found.get("provisioningState"),
        **_frontends([props(item) for item in found.get("frontendIPConfigurations") or ()]),
        **_rules(found),
        **_backends(found),
    }


def _frontends(found: list[Item]) -> dict[str, Any]:
    public = [ref(item.get(key)) for item in found for key in ("publicIPAddress", "publicIPPrefix")]
    return {
        "is_public": any(public),
        "public_ip_ids": sorted_set(public),
        "private_ips": sorted_set(item.get("privateIPAddress") for item in found),
        "subnet_ids": sorted_set(ref(item.get("subnet")) for item in found),
        "gateway_load_balancer_ids": sorted_set(
            ref(item.get("gatewayLoadBalancer")) for item in found
        ),
    }


def _rules(found: Item) -> dict[str, Any]:
    return {
        "inbound_nat_rules": sorted_set(map(_nat, found.get("inboundNatRules") or ())),
        "inbound_nat_pools": sorted_set(map(_nat, found.get("inboundNatPools") or ())),
        "load_balancing_rules": sorted_set(map(_balance, found.get("loadBalancingRules") or ())),
        "outbound_rules": sorted_set(
            f"{lower(props(item).get('protocol'))} from "
            f"{_last(ref(props(item).get('backendAddressPool')))}"
            for item in found.get("outboundRules") or ()
        ),
    }


def _backends(found: Item) -> dict[str, Any]:
    pools = [props(item) for item in found.get("backendAddressPools") or ()]
    addresses = [props(a) for pool in pools for a in pool.get("loadBalancerBackendAddresses") or ()]
    return {
        "backend_pool_ids": refs(found.get("backendAddressPools")),
        "backend_members": sorted_set(
            one for pool in pools for one in refs(pool.get("backendIPConfigurations"))
        ),
        "backend_addresses": sorted_set(item.get("ipAddress") for item in addresses),
    }


def _nat(raw: Item) -> str:
    """Return a NAT rule or pool in one line: outer ports, inner port, and whom they lead to."""
    found = props(raw)
    first, last = found.get("frontendPortRangeStart"), found.get("frontendPortRangeEnd")
    outer = found.get("frontendPort") or f"{first}-{last}"
    target = ref(found.get("backendIPConfiguration")) or _last(ref(found.get("backendAddressPool")))
    front = _last(ref(found.get("frontendIPConfiguration")))
    line = f"{lower(found.get('protocol'))}/{outer} of {front} to port {found.get('backendPort')}"
    return f"{line} of {target}" if target else line


def _balance(raw: Item) -> str:
    found = props(raw)
    pools = refs([found.get("backendAddressPool") or {}, *(found.get("backendAddressPools") or ())])
    front = _last(ref(found.get("frontendIPConfiguration")))
    return (
        f"{lower(found.get('protocol'))}/{found.get('frontendPort')} of {front} "
        f"to port {found.get('backendPort')} of {' '.join(str(_last(p)) for p in pools)}"
    ).strip()


def _last(value: str | None) -> str | None:
    return value.rpartition("/")[2] if value else None


TABLE = ResourceTable(
    title="Load balancers",
    description="Load balancers: which of their ports lead to which machines.",
    columns=(
        text("sku_name", "Basic is open until a policy closes it; Standard and Gateway are not."),
        text("sku_tier", "Regional or Global."),
        text("provisioning_state", "State of the last operation on it.", volatile=True),
        boolean("is_public", "Whether it has a public address."),
        strings("public_ip_ids", "Public addresses and prefixes."),
        strings("private_ips", "Private addresses."),
        strings("subnet_ids", "Subnets of its private addresses."),
        strings(
            "gateway_load_balancer_ids", "Gateway load balancers that its traffic goes through."
        ),
        strings("inbound_nat_rules", "Ports that lead to one machine, one line each."),
        strings("inbound_nat_pools", "Ports that lead to members of a scale set."),
        strings("load_balancing_rules", "Ports that lead to a pool, one line each."),
        strings("outbound_rules", "Pools that may reach the Internet through it."),
        strings("backend_pool_ids", "Its pools."),
        strings("backend_members", "IP configurations in its pools.", volatile=True),
        strings("backend_addresses", "Addresses in its pools.", volatile=True),
    ),
    permissions=("Microsoft.Network/loadBalancers/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
