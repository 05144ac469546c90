"""Network security groups and their rules, in the singular or plural fields of their authors."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.seeding import PER_ROLE, SUBNETS, VNET_SIZE, role
from auditor.simcloud.azure.wire import Resource

NSG = "Microsoft.Network/networkSecurityGroups"
ASG = "Microsoft.Network/applicationSecurityGroups"
ANY = "*"
PORTS = {
    "web": ["80", "443"],
    "api": ["8443"],
    "worker": ["9000-9010"],
    "db": ["5432"],
    "cache": ["6379"],
    "search": ["9200-9300"],
    "batch": ["7077"],
    "edge": ["443"],
    "ci": ["8080"],
    "billing": ["8443", "9443"],
}
PUBLIC = ("web", "edge")
GUARDED_SUBNETS = SUBNETS - 1
"""Subnets with an NSG; the last one of each network has none."""
DEFAULTS = (
    ("AllowVnetInBound", "Inbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", "AzureLoadBalancer", ANY),
    ("DenyAllInBound", "Inbound", 65500, "Deny", ANY, ANY),
    ("AllowVnetOutBound", "Outbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", 65001, "Allow", ANY, "Internet"),
    ("DenyAllOutBound", "Outbound", 65500, "Deny", ANY, ANY),
)


def rule(  # noqa: PLR0913 - one per field of a rule
    name: str,
    priority: int,
    *,
    inbound: bool = True,
    allow: bool = True,
    protocol: str = "Tcp",
    ports: Sequence[str] = (ANY,),
    sources: Sequence[str] = (ANY,),
    targets: Sequence[str] = (ANY,),
    source_groups: Sequence[str] = (),
    plural: bool = False,
) -> Resource:
    """Make a rule; several values always take the plural field, one value does if wanted."""
    made: Resource = {
        "provisioningState": "Succeeded",
        "protocol": protocol,
        "sourcePortRange": ANY,
        "access": "Allow" if allow else "Deny",
        "priority": priority,
        "direction": "Inbound" if inbound else "Outbound",
        "sourcePortRanges": [],
        **_field("destinationPortRange", ports, plural=plural),
        **_field("destinationAddressPrefix", targets, plural=plural),
    }
    if source_groups:
        made |= {
            "sourceAddressPrefixes": [],
            "sourceApplicationSecurityGroups": [{"id": id_} for id_ in source_groups],
        }
    else:
        made |= _field("sourceAddressPrefix", sources, plural=plural)
    return {"name": name, "properties": made}


def nsg(machines: Machines, id_: str, number: int, rules: Sequence[Resource]) -> Resource:
    """Make a group from its own rules, with the default ones that every group has."""
    etag = machines.etag("nsg", number)
    made: Resource = {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": etag,
        "type": NSG,
        "location": machines.location,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("nsg", number),
            "securityRules": [],
            "defaultSecurityRules": [
                _place(_default(*default), id_, etag, "defaultSecurityRules")
                for default in DEFAULTS
            ],
        },
    }
    for each in rules:
        add_rule(made, each)
    return made


def add_rule(group: Resource, added: Resource) -> str:
    """Put a rule into a group and return its id."""
    placed = _place(added, group["id"], group["etag"], "securityRules")
    group["properties"]["securityRules"].append(placed)
    return str(placed["id"])


def nsg_ids(machines: Machines) -> list[str]:
    """Return the ids of all groups: those of subnets, then those of roles."""
    subnets = [
        machines.subnet_nsg(vnet, subnet)
        for vnet in range(machines.vnets)
        for subnet in range(GUARDED_SUBNETS)
    ]
    return subnets + [machines.role_nsg(group) for group in machines.roles]


def made_nsg(machines: Machines, number: int) -> Resource:
    """Make the group in a place of `nsg_ids`."""
    group = number - machines.vnets * GUARDED_SUBNETS
    if group >= 0:
        return _role_nsg(machines, number, group)
    vnet, subnet = divmod(number, GUARDED_SUBNETS)
    rules = [
        rule("AllowWeb", 100, ports=["80", "443"], sources=["Internet"], plural=subnet % 2 == 1),
        rule("AllowOffice", 110, ports=["22"], sources=["198.51.100.0/24", "203.0.113.7"]),
        rule("AllowForwarded", 120, ports=["50000-50003"], sources=["AzureLoadBalancer"]),
        rule(
            "DenyTelnetOut", 200, inbound=False, allow=False, ports=["23"], plural=subnet % 2 == 0
        ),
    ]
    made = nsg(machines, machines.subnet_nsg(vnet, subnet), number, rules)
    made["properties"]["subnets"] = [{"id": machines.subnet(vnet, subnet)}]
    return made


def made_asg(machines: Machines, number: int) -> Resource:
    """Make the application security group of a role."""
    group = machines.roles[number]
    id_ = machines.asg(group)
    return {
        "name": id_.rpartition("/")[2],
        "id": id_,
        "etag": machines.etag("asg", group),
        "type": ASG,
        "location": machines.location,
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": machines.guid("asg", group),
        },
    }


def _role_nsg(machines: Machines, number: int, group: int) -> Resource:
    vnet, slot = divmod(group, VNET_SIZE // PER_ROLE)
    service = role(group).service
    own = machines.asg(group - slot + (slot - 1) % machines.vnet_roles(vnet))
    even = group % 2 == 0
    rules = [
        rule("AllowAdmin", 100, ports=["22", "3389"] if even else ["22"], sources=["10.0.0.0/8"]),
        rule("AllowCallers", 110, ports=PORTS[service], source_groups=[own], plural=even),
        rule("AllowPing", 120, protocol="Icmp", sources=["VirtualNetwork"], plural=not even),
        rule("DenyAllIn", 4096, allow=False, protocol=ANY, plural=even),
        rule("AllowAzure", 100, inbound=False, ports=["443"], targets=["AzureCloud"]),
    ]
    if service in PUBLIC:
        rules.append(rule("AllowInternet", 130, ports=PORTS[service], sources=["Internet"]))
    made = nsg(machines, machines.role_nsg(group), number, rules)
    made["tags"] = {"Service": service}
    made["properties"]["networkInterfaces"] = [
        {"id": machines.nic(index)}
        for index in machines.members(group)
        if machines.is_guarded(index)
    ]
    return made


def _field(name: str, values: Sequence[str], *, plural: bool) -> Resource:
    # NOTE: the service takes a wildcard in the singular only, and leaves that field out where
    # the plural one is used
    if len(values) > 1 or (plural and values[0] != ANY):
        return {_many(name): list(values)}
    return {name: values[0], _many(name): []}


def _many(name: str) -> str:
    return name + ("es" if name.endswith("x") else "s")


def _place(made: Resource, group: str, etag: str, member: str) -> Resource:
    name = made["name"]
    place = {"id": f"{group}/{member}/{name}", "etag": etag, "type": f"{NSG}/{member}"}
    return {"name": name, **place, "properties": made["properties"]}


def _default(
    name: str, direction: str, priority: int, access: str, source: str, target: str
) -> Resource:
    made = rule(
        name,
        priority,
        inbound=direction == "Inbound",
        allow=access == "Allow",
        protocol=ANY,
        sources=[source],
        targets=[target],
    )
    made["properties"]["description"] = f"{name}: made by Azure"
    return made
