"""Security groups and their rules: made at once, because the rule list cuts across groups."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.seeding import VPC_SIZE, Seeded
from auditor.simcloud.aws.wire import Resource

ANYWHERE, ANYWHERE6 = "0.0.0.0/0", "::/0"
S3_LIST = "pl-63a5400a"
PORTS = (80, 443, 5432, 6379, 8080, 8443, 9090, 9100, 9200, 27017)
LISTED = ("api", "db")
"""Services that the office networks reach by a prefix list."""
OFFICES = ("203.0.113.0/24", "198.51.100.0/25", "192.0.2.64/26")


def fill(region: Region, seeded: Seeded) -> None:
    """Add the default group and the service groups of every VPC, with 5 to 20 rules each."""
    for vpc in range(seeded.vpcs):
        for slot in range(1 + seeded.group_count(vpc)):
            add_group(region, _group(seeded, vpc, slot))
            for rule in _rules(region, seeded, vpc, slot):
                region.add_rule(rule)


def fill_default(region: Region, seeded: Seeded, vpc: int) -> None:
    """Add the default group of a VPC that has no other."""
    add_group(region, _group(seeded, vpc, 0))
    for rule in _rules(region, seeded, vpc, 0):
        region.add_rule(rule)


def add_group(region: Region, group: Resource) -> str:
    """List a group, still without rules."""
    group_id = str(group["groupId"])
    group = {"securityGroupArn": region.arn("security-group", group_id), **group}
    region.groups.add(group_id, group)
    region.rules_of[group_id] = []
    return group_id


def rule(
    region: Region,
    rule_id: str,
    group_id: str,
    ports: tuple[str, int, int],
    peer: Resource,
    *,
    egress: bool = False,
) -> Resource:
    """Make one rule: `ports` is protocol, first and last port, -1 for all of them."""
    protocol, first, last = ports
    return {
        "securityGroupRuleId": rule_id,
        "groupId": group_id,
        "groupOwnerId": region.account,
        "isEgress": egress,
        "ipProtocol": protocol,
        "fromPort": first,
        "toPort": last,
        **peer,
        "tagSet": [],
        "securityGroupRuleArn": region.arn("security-group-rule", rule_id),
    }


ALL: tuple[str, int, int] = ("-1", -1, -1)


def _group(seeded: Seeded, vpc: int, slot: int) -> Resource:
    name = seeded.role(slot).name if slot else "default"
    tags = {"Name": name, "ManagedBy": "terraform"} if slot else {}
    return {
        "ownerId": seeded.account,
        "groupId": seeded.id("sg", seeded.group_index(vpc, slot)),
        "groupName": name,
        "groupDescription": f"{name} servers" if slot else "default VPC security group",
        "vpcId": seeded.id("vpc", vpc),
        "tagSet": [{"key": key, "value": value} for key, value in tags.items()],
    }


def _rules(region: Region, seeded: Seeded, vpc: int, slot: int) -> Iterator[Resource]:
    index = seeded.group_index(vpc, slot)
    group_id = seeded.id("sg", index)
    if slot:
        peers = list(_service_rules(seeded, vpc, slot))
    else:
        own = {"referencedGroupInfo": {"groupId": group_id, "userId": seeded.account}}
        peers = [(ALL, own, False), (ALL, {"cidrIpv4": ANYWHERE}, True)]
    for number, (ports, peer, egress) in enumerate(peers):
        rule_id = seeded.id("sgr", index * 32 + number)
        yield rule(region, rule_id, group_id, ports, peer, egress=egress)


Peer = tuple[tuple[str, int, int], Resource, bool]


def _service_rules(seeded: Seeded, vpc: int, slot: int) -> Iterator[Peer]:
    role = seeded.role(slot)
    bits = seeded.number("rules", vpc * (VPC_SIZE // 50 + 1) + slot)
    yield ALL, {"cidrIpv4": ANYWHERE}, True
    yield ALL, {"cidrIpv6": ANYWHERE6}, True
    if role.service in ("web", "edge"):
        for port in (80, 443):
            yield ("tcp", port, port), {"cidrIpv4": ANYWHERE, "description": "public"}, False
            yield ("tcp", port, port), {"cidrIpv6": ANYWHERE6, "description": "public"}, False
    office = {"cidrIpv4": OFFICES[bits % 3]}
    if role.service in LISTED:
        office = {"prefixListId": seeded.id("pl", 0)}
    yield ("tcp", 22, 22), office | {"description": "office"}, False
    yield ("icmp", 8, -1), {"cidrIpv4": "10.0.0.0/8"}, False
    neighbour = 1 + bits % seeded.group_count(vpc)
    peer = seeded.id("sg", seeded.group_index(vpc, neighbour))
    reference = {"groupId": peer, "userId": seeded.account}
    port = PORTS[bits >> 8 & 7]
    yield ("tcp", port, port), {"referencedGroupInfo": reference}, False
    for number in range(bits >> 16 & 7):
        port = PORTS[number]
        block = f"10.{20 + vpc}.{(bits >> 24 & 0x7) * 16}.0/20"
        yield ("tcp", port, port + 1), {"cidrIpv4": block, "description": "mesh"}, False
    if bits >> 40 & 1:
        yield ("udp", 53, 53), {"cidrIpv4": f"10.{20 + vpc}.0.2/32"}, True
        yield ("tcp", 443, 443), {"prefixListId": S3_LIST, "description": "s3"}, True
