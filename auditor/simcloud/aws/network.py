"""VPCs and what is in them: subnets, route tables, gateways, peerings.

Made at once, as there are few. Besides the VPCs of the instances every region has one of shared
services, which the first is peered with, and the default VPC that AWS makes.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.simcloud.aws import acls, firewall, links
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.seeding import PUBLIC_SUBNETS, SUBNETS, Seeded
from auditor.simcloud.aws.wire import Resource

SERVICES, DEFAULT = -1, -2
"""Numbers of the VPC of shared services and of the default VPC; the others count from 0."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The addresses of a VPC: its first two bytes, how many subnets, and how long these are."""

    number: int
    name: str
    base: str
    subnets: int
    public: int
    prefix: int = 19

    def block(self, subnet: int) -> str:
        """Return the CIDR of a subnet."""
        return f"{self.base}.{subnet * 2 ** (24 - self.prefix)}.0/{self.prefix}"


def fill(region: Region, seeded: Seeded) -> None:
    """Add every VPC of a region with all that belongs to it."""
    for vpc in range(seeded.vpcs):
        plan = Plan(vpc, f"main-{vpc + 1}", f"10.{20 + vpc}", SUBNETS, PUBLIC_SUBNETS)
        _vpc(region, seeded, plan)
        _routed(region, seeded, plan)
    services = Plan(SERVICES, "shared-services", "10.10", 3, 0)
    _vpc(region, seeded, services)
    _routed(region, seeded, services)
    _vpc(region, seeded, Plan(DEFAULT, "", "172.31", 3, 3, prefix=20))
    _internet_gateway(region, seeded, DEFAULT)
    _peering(region, seeded)
    links.fill(region, seeded, partner=SERVICES)


def name_tag(name: str) -> list[Resource]:
    """Return the tag set of what has a name, or none."""
    return [{"key": "Name", "value": name}] if name else []


def _vpc(region: Region, seeded: Seeded, plan: Plan) -> None:
    """Add a VPC with its subnets, main route table and ACLs, and the group it begins with."""
    vpc_id = seeded.id("vpc", plan.number)
    block = f"{plan.base}.0.0/16"
    associated = {"state": "associated"}
    v6: list[Resource] = [
        {
            "associationId": seeded.id("vpc-cidr-assoc6", plan.number).replace("assoc6", "assoc"),
            "ipv6CidrBlock": _ipv6(plan, 0)[: -len("/64")] + "/56",
            "ipv6CidrBlockState": associated,
            "networkBorderGroup": region.name,
            "ipv6Pool": "Amazon",
        }
    ]
    region.vpcs.add(
        vpc_id,
        {
            "ownerId": seeded.account,
            "instanceTenancy": "default",
            "ipv6CidrBlockAssociationSet": v6 if plan.number >= 0 else [],
            "cidrBlockAssociationSet": [
                {
                    "associationId": seeded.id("vpc-cidr-assoc", plan.number),
                    "cidrBlock": block,
                    "cidrBlockState": associated,
                }
            ],
            "isDefault": plan.number == DEFAULT,
            "tagSet": name_tag(plan.name),
            "blockPublicAccessStates": {"internetGatewayBlockMode": "off"},
            "vpcId": vpc_id,
            "state": "available",
            "cidrBlock": block,
            "dhcpOptionsId": seeded.id("dopt", 0),
        },
    )
    for subnet in range(plan.subnets):
        _subnet(region, seeded, plan, subnet)
    _route_table(region, seeded, plan, main=True, subnets=())
    acls.fill(region, seeded, plan.number, plan.subnets, plan.public)
    if plan.number < 0:
        firewall.fill_default(region, seeded, plan.number)


def subnet_number(vpc: int, subnet: int) -> int:
    """Return the number of a subnet in its region."""
    return vpc * SUBNETS + subnet


def _subnet(region: Region, seeded: Seeded, plan: Plan, subnet: int) -> None:
    number = subnet_number(plan.number, subnet)
    subnet_id = seeded.id("subnet", number)
    default = plan.number == DEFAULT
    used = seeded.vpc_instances(plan.number) // SUBNETS if plan.number >= 0 else 0
    kind = "public" if subnet < plan.public else "private"
    v6: list[Resource] = [
        {
            "associationId": seeded.id("subnet-cidr-assoc", number),
            "ipv6CidrBlock": _ipv6(plan, subnet),
            "ipv6CidrBlockState": {"state": "associated"},
        }
    ]
    region.subnets.add(
        subnet_id,
        {
            "availabilityZoneId": seeded.zone_id(subnet),
            "mapCustomerOwnedIpOnLaunch": False,
            "ownerId": seeded.account,
            "assignIpv6AddressOnCreation": False,
            "ipv6CidrBlockAssociationSet": v6 if plan.number >= 0 else [],
            "tagSet": name_tag(f"{plan.name}-{kind}-{'abc'[subnet % 3]}" if plan.name else ""),
            "subnetArn": region.arn("subnet", subnet_id),
            "enableDns64": False,
            "ipv6Native": False,
            "privateDnsNameOptionsOnLaunch": {
                "hostnameType": "ip-name",
                "enableResourceNameDnsARecord": False,
                "enableResourceNameDnsAAAARecord": False,
            },
            "blockPublicAccessStates": {"internetGatewayBlockMode": "off"},
            "subnetId": subnet_id,
            "state": "available",
            "vpcId": seeded.id("vpc", plan.number),
            "cidrBlock": plan.block(subnet),
            "availableIpAddressCount": max(0, 2 ** (32 - plan.prefix) - 5 - used),
            "availabilityZone": seeded.zone(subnet),
            "defaultForAz": default,
            "mapPublicIpOnLaunch": default,
        },
    )


def _ipv6(plan: Plan, subnet: int) -> str:
    return f"2600:1f18:{0x2000 + max(0, plan.number):x}:ab{subnet:02x}::/64"


def _routed(region: Region, seeded: Seeded, plan: Plan) -> None:
    """Add gateways and the route tables of the public and of the private subnets."""
    private = range(plan.public, plan.subnets)
    tables = [_route_table(region, seeded, plan, main=False, subnets=private)]
    if plan.public:
        public = range(plan.public)
        tables.append(_route_table(region, seeded, plan, main=False, subnets=public))
        gateway = _internet_gateway(region, seeded, plan.number)
        _add_route(region, tables[1], {"destinationCidrBlock": firewall.ANYWHERE}, gateway)
        _add_route(region, tables[1], {"destinationIpv6CidrBlock": firewall.ANYWHERE6}, gateway)
        egress_id = seeded.id("eigw", plan.number)
        egress = {"egressOnlyInternetGatewayId": egress_id}
        _add_route(region, tables[0], {"destinationIpv6CidrBlock": firewall.ANYWHERE6}, egress)
        attached = [{"state": "attached", "vpcId": seeded.id("vpc", plan.number)}]
        region.egress_gateways.add(
            egress_id, {"attachmentSet": attached, **egress, "tagSet": name_tag(plan.name)}
        )


def _route_table(
    region: Region, seeded: Seeded, plan: Plan, *, main: bool, subnets: range | tuple[()]
) -> str:
    number = 3 * plan.number + (0 if main else 1 if plan.public in subnets else 2)
    table_id = seeded.id("rtb", number)
    linked: list[Resource] = [{"main": True, **_link(seeded, table_id, -3 - number)}]
    if not main:
        linked = [
            {
                "main": False,
                **_link(seeded, table_id, subnet_number(plan.number, subnet) + 1_000_000),
                "subnetId": seeded.id("subnet", subnet_number(plan.number, subnet)),
            }
            for subnet in subnets
        ]
    table = {
        "associationSet": linked,
        "propagatingVgwSet": [],
        "routeTableId": table_id,
        "routeSet": [],
        "tagSet": [] if main else name_tag(f"{plan.name}-{number}"),
        "vpcId": seeded.id("vpc", plan.number),
        "ownerId": seeded.account,
    }
    region.route_tables.add(table_id, table)
    local = {"gatewayId": "local", "origin": "CreateRouteTable"}
    _add_route(region, table_id, {"destinationCidrBlock": f"{plan.base}.0.0/16"}, local)
    return table_id


def _link(seeded: Seeded, table_id: str, number: int) -> Resource:
    return {
        "routeTableAssociationId": seeded.id("rtbassoc", number),
        "routeTableId": table_id,
        "associationState": {"state": "associated"},
    }


def _add_route(region: Region, table_id: str, to: Resource, through: Resource) -> None:
    route = {**to, "origin": "CreateRoute", "state": "active", **through}
    region.route_tables.edit(table_id)["routeSet"].append(route)


def _internet_gateway(region: Region, seeded: Seeded, vpc: int) -> Resource:
    gateway_id = seeded.id("igw", vpc)
    region.internet_gateways.add(
        gateway_id,
        {
            # NOTE: the service says `available` of a gateway, where an egress-only one is attached
            "attachmentSet": [{"state": "available", "vpcId": seeded.id("vpc", vpc)}],
            "internetGatewayId": gateway_id,
            "ownerId": seeded.account,
            "tagSet": [],
        },
    )
    through = {"gatewayId": gateway_id}
    if vpc == DEFAULT:
        main = seeded.id("rtb", 3 * vpc)
        _add_route(region, main, {"destinationCidrBlock": firewall.ANYWHERE}, through)
    return through


def _peering(region: Region, seeded: Seeded) -> None:
    peering_id = seeded.id("pcx", 0)

    def side(vpc: int, block: str) -> Resource:
        return {
            "cidrBlock": block,
            "cidrBlockSet": [{"cidrBlock": block}],
            "ownerId": seeded.account,
            "peeringOptions": {"allowDnsResolutionFromRemoteVpc": False},
            "vpcId": seeded.id("vpc", vpc),
            "region": region.name,
        }

    region.peerings.add(
        peering_id,
        {
            "accepterVpcInfo": side(SERVICES, "10.10.0.0/16"),
            "requesterVpcInfo": side(0, "10.20.0.0/16"),
            "status": {"code": "active", "message": "Active"},
            "tagSet": name_tag("main-to-shared"),
            "vpcPeeringConnectionId": peering_id,
        },
    )
    through = {"vpcPeeringConnectionId": peering_id}
    ways = {1: "10.10.0.0/16", 3 * SERVICES + 1: "10.20.0.0/16"}
    for table, block in ways.items():
        table_id = seeded.id("rtb", table)
        _add_route(region, table_id, {"destinationCidrBlock": block}, through)
