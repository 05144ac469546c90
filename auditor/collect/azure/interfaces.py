"""Network interfaces and public addresses, of virtual machines and of members of scale sets."""

from __future__ import annotations

from typing import Any

from auditor.collect.azure.arm import Item, arm_common, lower, parent, props, ref, refs
from auditor.collect.table import Raw, boolean, sorted_set, strings, text
from auditor.model import Row, Scope


def interface_row(raw: Raw, scope: Scope) -> Row:
    """Return the row of one network interface."""
    found = props(raw)
    machine = ref(found.get("virtualMachine"))
    owner = raw.get("_owner") or {}
    dns = found.get("dnsSettings") or {}
    return {
        **arm_common(
            scope,
            raw,
            incarnation_id=found.get("resourceGuid"),
            location=raw.get("location") or owner.get("location"),
        ),
        "machine_id": machine,
        "network_security_group_id": ref(found.get("networkSecurityGroup")),
        "enable_ip_forwarding": found.get("enableIPForwarding"),
        "primary": found.get("primary"),
        "private_endpoint_id": ref(found.get("privateEndpoint")),
        "dns_servers": sorted_set(dns.get("dnsServers") or ()),
        "mac_address": found.get("macAddress"),
        "nic_type": found.get("nicType"),
        "auxiliary_mode": found.get("auxiliaryMode"),
        "accelerated_networking": found.get("enableAcceleratedNetworking"),
        "disable_tcp_state_tracking": found.get("disableTcpStateTracking"),
        "default_outbound_connectivity": found.get("defaultOutboundConnectivityEnabled"),
        "provisioning_state": found.get("provisioningState"),
        **_configurations([props(c) for c in found.get("ipConfigurations") or ()]),
    }


def _configurations(found: list[Item]) -> dict[str, Any]:
    """Return the union over all IP configurations: what applies to the interface as a whole."""

    def all_of(key: str) -> list[str]:
        return sorted_set(one for item in found for one in refs(item.get(key)))

    public = sorted_set(ref(item.get("publicIPAddress")) for item in found)
    return {
        "subnet_ids": sorted_set(ref(item.get("subnet")) for item in found),
        "virtual_network_ids": sorted_set(parent(ref(item.get("subnet"))) for item in found),
        "private_ips": sorted_set(item.get("privateIPAddress") for item in found),
        "has_public_ip": any(item.get("publicIPAddress") for item in found),
        "public_ip_ids": public,
        "application_security_group_ids": all_of("applicationSecurityGroups"),
        "load_balancer_inbound_nat_rule_ids": all_of("loadBalancerInboundNatRules"),
        "load_balancer_backend_pool_ids": all_of("loadBalancerBackendAddressPools"),
        "application_gateway_backend_pool_ids": all_of("applicationGatewayBackendAddressPools"),
        "gateway_load_balancer_ids": sorted_set(
            ref(item.get("gatewayLoadBalancer")) for item in found
        ),
        "virtual_network_tap_ids": all_of("virtualNetworkTaps"),
    }


INTERFACE_COLUMNS = (
    text("machine_id", "resource_id of the machine that it is attached to."),
    text("network_security_group_id", "Network security group on the interface itself."),
    boolean("enable_ip_forwarding", "Whether it may forward traffic of others."),
    boolean("primary", "Whether it is the machine's first interface."),
    text("private_endpoint_id", "Private endpoint that it serves."),
    strings("dns_servers", "Name servers, where they are not the network's."),
    text("mac_address", "Hardware address; nothing while it was never attached."),
    text("nic_type", "Standard or Elastic."),
    text("auxiliary_mode", "Auxiliary mode of network virtual appliances."),
    boolean("accelerated_networking", "Whether it bypasses the host's switch."),
    boolean("disable_tcp_state_tracking", "Whether TCP states are not followed."),
    boolean("default_outbound_connectivity", "Whether it has default outbound access."),
    text("provisioning_state", "State of the last operation on it.", volatile=True),
    strings("subnet_ids", "Subnets of its IP configurations."),
    strings("virtual_network_ids", "Virtual networks of these subnets."),
    strings("private_ips", "Private addresses."),
    boolean("has_public_ip", "Whether an IP configuration has a public address."),
    strings("public_ip_ids", "Public addresses."),
    strings("application_security_group_ids", "Application security groups that it is in."),
    strings("load_balancer_inbound_nat_rule_ids", "Load balancer ports that lead to it."),
    strings("load_balancer_backend_pool_ids", "Load balancer pools that it serves."),
    strings("application_gateway_backend_pool_ids", "Application gateway pools that it serves."),
    strings("gateway_load_balancer_ids", "Gateway load balancers that its traffic goes through."),
    strings("virtual_network_tap_ids", "Taps that get a copy of its traffic."),
)


def public_address_row(raw: Raw, scope: Scope) -> Row:
    """Return the row of one public address."""
    found = props(raw)
    owner = raw.get("_owner") or {}
    sku, dns = raw.get("sku") or {}, found.get("dnsSettings") or {}
    used_by = ref(found.get("ipConfiguration"))
    static = (lower(found.get("publicIPAllocationMethod")) or "") == "static"
    return {
        **arm_common(
            scope,
            raw,
            incarnation_id=found.get("resourceGuid"),
            location=raw.get("location") or owner.get("location"),
        ),
        "ip_configuration_id": used_by,
        "holder_id": parent(used_by),
        "ip_address": found.get("ipAddress"),
        "static_ip_address": found.get("ipAddress") if static else None,
        "allocation_method": found.get("publicIPAllocationMethod"),
        "ip_version": found.get("publicIPAddressVersion"),
        "sku_name": sku.get("name"),
        "sku_tier": sku.get("tier"),
        "domain_name_label": dns.get("domainNameLabel"),
        "fqdn": dns.get("fqdn"),
        "reverse_fqdn": dns.get("reverseFqdn"),
        "ddos_protection_mode": (found.get("ddosSettings") or {}).get("protectionMode"),
        "ddos_protection_plan_id": ref((found.get("ddosSettings") or {}).get("ddosProtectionPlan")),
        "public_ip_prefix_id": ref(found.get("publicIPPrefix")),
        "nat_gateway_id": ref(found.get("natGateway")),
        "delete_option": found.get("deleteOption"),
        "ip_tags": sorted_set(
            f"{tag.get('ipTagType')}={tag.get('tag')}" for tag in found.get("ipTags") or ()
        ),
        "zones": sorted_set(raw.get("zones") or ()),
        "provisioning_state": found.get("provisioningState"),
    }


PUBLIC_ADDRESS_COLUMNS = (
    text("ip_configuration_id", "IP configuration that uses it."),
    text("holder_id", "resource_id of the interface, load balancer or gateway that uses it."),
    text("ip_address", "The address; a dynamic one changes by itself.", volatile=True),
    text("static_ip_address", "The address, if it stays."),
    text("allocation_method", "Static or Dynamic."),
    text("ip_version", "IPv4 or IPv6."),
    text("sku_name", "Basic is open until a policy closes it; Standard is closed until one opens."),
    text("sku_tier", "Regional or Global."),
    text("domain_name_label", "First part of its name."),
    text("fqdn", "Its name in the DNS."),
    text("reverse_fqdn", "Name that its address leads back to."),
    text("ddos_protection_mode", "Disabled, Enabled or VirtualNetworkInherited."),
    text("ddos_protection_plan_id", "DDoS protection plan."),
    text("public_ip_prefix_id", "Prefix that it was taken from."),
    text("nat_gateway_id", "NAT gateway that uses it."),
    text("delete_option", "Whether it outlives the machine: Delete or Detach."),
    strings("ip_tags", "Routing tags."),
    strings("zones", "Availability zones."),
    text("provisioning_state", "State of the last operation on it.", volatile=True),
)
