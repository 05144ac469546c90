"""Network ACLs: the default one of each VPC for public subnets, a narrower one for private."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.firewall import ANYWHERE, ANYWHERE6
from auditor.simcloud.aws.seeding import SUBNETS, Seeded
from auditor.simcloud.aws.wire import Resource

LAST, LAST6 = 32_767, 32_768
"""Numbers of the entries that deny the rest."""
INSIDE = "10.0.0.0/8"
EPHEMERAL = (1024, 65_535)


def fill(region: Region, seeded: Seeded, vpc: int, subnets: int, public: int) -> None:
    """Add the ACLs of a VPC; each subnet has exactly one."""
    private = range(public, subnets)
    # NOTE: only IPv4 in the default VPC and in the one of shared services
    six = vpc >= 0
    open_entries = [
        made
        for egress in (True, False)
        for made in (
            entry(100, ANYWHERE, "allow", egress=egress),
            *([entry(101, ANYWHERE6, "allow", egress=egress)] if six else []),
        )
    ]
    _add(region, seeded, vpc, range(public), open_entries, six=six, default=True)
    if private:
        entries = [
            entry(100, INSIDE, "allow"),
            entry(110, ANYWHERE, "allow", protocol="6", ports=EPHEMERAL),
            entry(100, ANYWHERE, "allow", egress=True),
        ]
        _add(region, seeded, vpc, private, entries, six=six, default=False)


def entry(
    number: int,
    block: str,
    action: str,
    *,
    egress: bool = False,
    protocol: str = "-1",
    ports: tuple[int, int] | None = None,
) -> Resource:
    """Make one entry, as DescribeNetworkAcls shows it."""
    peer = "ipv6CidrBlock" if ":" in block else "cidrBlock"
    ranged = {"portRange": {"from": ports[0], "to": ports[1]}} if ports else {}
    return {
        peer: block,
        "egress": egress,
        **ranged,
        "protocol": protocol,
        "ruleAction": action,
        "ruleNumber": number,
    }


def _add(
    region: Region,
    seeded: Seeded,
    vpc: int,
    subnets: Iterable[int],
    entries: list[Resource],
    *,
    six: bool,
    default: bool,
) -> None:
    acl_id = seeded.id("acl", 2 * vpc + (not default))
    for egress in (True, False):
        entries.append(entry(LAST, ANYWHERE, "deny", egress=egress))
        if six:
            entries.append(entry(LAST6, ANYWHERE6, "deny", egress=egress))
    linked = [
        {
            "networkAclAssociationId": seeded.id("aclassoc", vpc * SUBNETS + subnet),
            "networkAclId": acl_id,
            "subnetId": seeded.id("subnet", vpc * SUBNETS + subnet),
        }
        for subnet in subnets
    ]
    name = [] if default else [{"key": "Name", "value": "private"}]
    region.acls.add(
        acl_id,
        {
            "associationSet": linked,
            "entrySet": entries,
            "default": default,
            "networkAclId": acl_id,
            "tagSet": name,
            "vpcId": seeded.id("vpc", vpc),
            "ownerId": seeded.account,
        },
    )
