"""What stands above single machines: locations, locks, service tags, admin rules, the console."""

from __future__ import annotations

from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.wire import Resource

LOCK = "Microsoft.Authorization/locks"
ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
EXEMPTION = "Microsoft.Authorization/policyExemptions"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"
CORPORATE = "/providers/Microsoft.Management/managementGroups/corp"
"""The management group that every subscription is in."""
MANAGER = "Microsoft.Network/networkManagers"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
TAGS = "Microsoft.Network/serviceTags"
SERVICES = {
    "AzureCloud": ("", ["13.64.0.0/11", "20.33.0.0/16", "2603:1000::/24"]),
    "AzureLoadBalancer": ("", ["168.63.129.16/32", "fe80::1234:5678:9abc/128"]),
    "AzureMonitor": ("AzureMonitor", ["13.65.96.175/32", "20.15.6.128/28"]),
    "Storage": ("AzureStorage", ["13.65.107.32/28", "20.38.98.0/24", "2603:1000:4:402::/64"]),
    "Sql": ("AzureSQL", ["13.65.31.249/32", "20.15.16.0/24"]),
    "AzureKeyVault": ("AzureKeyVault", ["13.66.138.88/30", "20.21.36.64/27"]),
}
"""Some of the real tags with a few ranges each: system service and prefixes."""
DISPLAYED = {
    "eastus": "East US",
    "eastus2": "East US 2",
    "westus2": "West US 2",
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "uksouth": "UK South",
    "germanywestcentral": "Germany West Central",
    "southeastasia": "Southeast Asia",
}
"""Names of some locations as people write them; the others are shown as they are."""
REGIONAL = ("AzureCloud", "Storage", "Sql")
CHANGE = "412"
MOST = 100
"""Admin rules per page; a caller may ask for fewer."""


def location(subscription: str, name: str) -> Resource:
    """Describe a location."""
    return {
        "id": f"/subscriptions/{subscription}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": DISPLAYED.get(name, name),
        "regionalDisplayName": DISPLAYED.get(name, name),
        "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
    }


def service_tags(subscription: str, place: str) -> Resource:
    """List the service tags and their ranges; the list is that of the whole cloud."""
    values = [
        _service_tag(name, "", service, prefixes) for name, (service, prefixes) in SERVICES.items()
    ]
    suffix = DISPLAYED.get(place, place).replace(" ", "")
    for name in REGIONAL:
        service, prefixes = SERVICES[name]
        values.append(_service_tag(f"{name}.{suffix}", place, service, prefixes[:1]))
    id_ = f"/subscriptions/{subscription}/providers/{TAGS}/Public"
    return {
        "name": "Public",
        "id": id_,
        "type": TAGS,
        "changeNumber": CHANGE,
        "cloud": "Public",
        "values": values,
    }


def serial_console() -> Resource:
    """Describe the default of the subscription: the serial console is not disabled."""
    return {"properties": {"disabled": False}}


def locks(machines: Machines) -> list[Resource]:
    """Make the locks: one on the network's group, one on the first role's."""
    groups = [machines.network_group, machines.resource_group(machines.place(0))]
    return [
        {
            "id": f"{machines.root}/resourceGroups/{group}/providers/{LOCK}/keep",
            "type": LOCK,
            "name": "keep",
            "properties": {"level": level, "notes": "change by ticket only"},
        }
        for group, level in zip(groups, ("CanNotDelete", "ReadOnly"), strict=True)
    ]


def assignments(subscription: str) -> list[Resource]:
    """Make the policy assignments: one of the management group, one of the subscription."""
    root = f"/subscriptions/{subscription}"
    return [
        {
            "id": f"{scope}/providers/{ASSIGNMENT}/{name}",
            "type": ASSIGNMENT,
            "name": name,
            "properties": {
                "displayName": title,
                "policyDefinitionId": f"{DEFINITIONS}/{name}",
                "scope": scope,
                "notScopes": [],
                "parameters": {"effect": {"value": effect}},
                "enforcementMode": "Default",
            },
        }
        for scope, name, title, effect in (
            (CORPORATE, "no-public-addresses", "No public addresses on interfaces", "Deny"),
            (root, "trusted-launch", "Machines use trusted launch", "Audit"),
        )
    ]


def exemptions(subscription: str, assigned: list[Resource]) -> list[Resource]:
    """Make one policy exemption: the subscription has a reason of its own."""
    return [
        {
            "id": f"/subscriptions/{subscription}/providers/{EXEMPTION}/edge",
            "type": EXEMPTION,
            "name": "edge",
            "properties": {
                "displayName": "The edge has public addresses",
                "policyAssignmentId": assigned[0]["id"],
                "policyDefinitionReferenceIds": [],
                "exemptionCategory": "Mitigated",
                "expiresOn": "2027-01-01T00:00:00Z",
            },
        }
    ]


def identity(machines: Machines, _: int) -> Resource:
    """Make the identity that applications share."""
    return {
        "id": machines.identity,
        "name": machines.identity.rpartition("/")[2],
        "type": IDENTITY,
        "location": machines.location,
        "tags": {},
        "properties": {
            "tenantId": machines.guid("tenant", 0),
            "principalId": machines.guid("identity/principal", 0),
            "clientId": machines.guid("identity/client", 0),
        },
    }


def manager(machines: Machines, _: int) -> Resource:
    """Make the network manager."""
    id_ = machines.shared(MANAGER, f"avnm-{machines.location}")
    return {
        "id": id_,
        "name": id_.rpartition("/")[2],
        "type": MANAGER,
        "location": machines.location,
        "etag": machines.etag("manager", 0),
        "properties": {
            "description": "rules that no team can open",
            "networkManagerScopes": {"managementGroups": [], "subscriptions": [machines.root]},
            "networkManagerScopeAccesses": ["SecurityAdmin"],
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("manager", 0),
        },
    }


def admin_rules(machines: Machines) -> list[Resource]:
    """Make the admin rules in effect on the first virtual network of a location."""
    tag = {"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}
    inside = {"addressPrefix": "10.0.0.0/8", "addressPrefixType": "IPPrefix"}
    denied = {"telnet": "23", "smb": "445", "rdp": "3389", "mssql": "1433"}
    rules = [
        _admin_rule(machines, f"deny-{name}", 100 + number, "Deny", [tag], port)
        for number, (name, port) in enumerate(denied.items())
    ]
    return [
        *rules,
        _admin_rule(machines, "always-scan", 50, "AlwaysAllow", [inside], "9443"),
        _admin_rule(machines, "leave-ssh-to-teams", 200, "Allow", [inside], "22"),
    ]


def _admin_rule(
    machines: Machines, name: str, priority: int, access: str, sources: list[Resource], port: str
) -> Resource:
    manager_id = machines.shared(MANAGER, f"avnm-{machines.location}")
    group = f"{manager_id}/networkGroups/all"
    collection = f"{manager_id}/securityAdminConfigurations/guardrails/ruleCollections/base"
    return {
        "id": f"{collection}/rules/{name}",
        "kind": "Custom",
        "configurationDescription": "guardrails",
        "ruleCollectionDescription": "base",
        "ruleCollectionAppliesToGroups": [{"networkGroupId": group}],
        "ruleGroups": [{"id": group, "properties": {"description": "all networks"}}],
        "properties": {
            "description": name,
            "protocol": "Tcp",
            "sources": sources,
            "destinations": [{"addressPrefix": "*", "addressPrefixType": "IPPrefix"}],
            "sourcePortRanges": ["0-65535"],
            "destinationPortRanges": [port],
            "access": access,
            "priority": priority,
            "direction": "Inbound",
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("admin-rule", priority),
        },
    }


def _service_tag(name: str, region: str, service: str, prefixes: list[str]) -> Resource:
    return {
        "name": name,
        "id": name,
        "serviceTagChangeNumber": CHANGE,
        "properties": {
            "changeNumber": "7",
            "region": region,
            "state": "GA",
            "networkFeatures": ["API", "NSG", "UDR", "FW"],
            "systemService": service,
            "addressPrefixes": prefixes,
        },
    }
