"""Deterministic ids, numbers and names for one region of one account.

Everything is a function of (seed, account, region, kind, index), so that any resource can be made
on its own, in any order, and always comes out the same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
EPOCH = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
DAY = 86_400
VPC_SIZE = 21_000
"""Instances per VPC: half of what fits in the six /19 subnets of a /16; see `Machines.place`."""
SUBNETS = 6
PUBLIC_SUBNETS = SUBNETS // 2
"""The first subnets of a VPC are routed to its internet gateway, the others are private."""
EVERY_ELASTIC, EVERY_DATA, EVERY_SNAPSHOT, EVERY_PROFILE, EVERY_MANAGED = 3, 4, 10, 3, 100
EVERY_STOPPED, EVERY_DEFAULT_GROUP, EVERY_AMAZON_IMAGE, EVERY_LEGACY = 12, 6, 10, 11
"""One instance in so many is stopped, has a data volume, is run by an AWS service, and so on."""

SERVICES = ("web", "api", "worker", "db", "cache", "search", "batch", "edge", "ci", "billing")
SCALED = ("web", "worker", "edge")
"""Services whose instances belong to Auto Scaling groups."""
ENVIRONMENTS = ("prod", "staging", "dev")
TEAMS = ("platform", "payments", "search", "data", "growth", "it-ops")
TYPES = ("m6i.large", "t3.medium", "c6i.xlarge", "r6i.2xlarge", "m7g.large", "t4g.small")


class Role(NamedTuple):
    """What a security group and the instances in it are for."""

    service: str
    environment: str
    name: str


def one_in(every: int, index: int) -> bool:
    """Tell whether an index is the one in `every` that has some trait."""
    return index % every == every // 2


class Seeded:
    """The source of ids and numbers of one region of one account."""

    def __init__(self, seed: int, account: str, region: str, count: int) -> None:
        self.account = account
        self.region = region
        self.count = count
        digest = hashlib.sha256(f"{seed}/{account}/{region}".encode()).digest()
        self.key = int.from_bytes(digest[:8])
        self._offsets: dict[str, int] = {}

    def number(self, kind: str, index: int) -> int:
        """Return 64 bits; distinct indexes of a kind give distinct numbers."""
        offset = self._offsets.get(kind)
        if offset is None:
            offset = int.from_bytes(hashlib.sha256(kind.encode()).digest()[:8])
            self._offsets[kind] = offset
        # NOTE: splitmix64, a bijection, so that ids are unique without keeping a set of them
        # (https://prng.di.unimi.it/splitmix64.c)
        x = (self.key + offset + index * GOLDEN) & MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
        return x ^ (x >> 31)

    def id(self, kind: str, index: int) -> str:
        """Return a resource id in the long format, such as `i-0` and 16 hex digits."""
        return f"{kind}-0{self.number(kind, index):016x}"

    def ids(self, kind: str, count: int) -> list[str]:
        """Return the ids of indexes 0 to `count`."""
        return [self.id(kind, index) for index in range(count)]

    def time(self, kind: str, index: int, *, first: int = 0, days: int = 400) -> str:
        """Return a moment in the `days` from day `first` after the epoch, as EC2 writes it."""
        moment = EPOCH + timedelta(days=first, seconds=self.number(kind, index) % (days * DAY))
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @property
    def vpcs(self) -> int:
        """Number of VPCs that hold the instances; one even if there are none."""
        return max(1, -(-self.count // VPC_SIZE))

    def vpc_instances(self, vpc: int) -> int:
        """Return how many instances a VPC holds."""
        return min(VPC_SIZE, self.count - vpc * VPC_SIZE)

    def group_count(self, vpc: int) -> int:
        """Return how many security groups a VPC has besides its default one."""
        return max(2, round(self.vpc_instances(vpc) / 50))

    def group_index(self, vpc: int, slot: int) -> int:
        """Return the number of a group in its region; slot 0 is the default group."""
        # NOTE: all VPCs but the last are full, so they have equally many groups
        return vpc * (1 + VPC_SIZE // 50) + slot

    def slot(self, index: int) -> int:
        """Return the slot of the group that an instance is in."""
        vpc, local = divmod(index, VPC_SIZE)
        return 1 + local * self.group_count(vpc) // max(1, self.vpc_instances(vpc))

    def slot_instances(self, vpc: int, slot: int) -> range:
        """Return the instances in a slot: the inverse of `slot`."""
        total, slots = self.vpc_instances(vpc), self.group_count(vpc)
        first, stop = (-(-number * total // slots) for number in (slot - 1, slot))
        return range(vpc * VPC_SIZE + first, vpc * VPC_SIZE + stop)

    @property
    def own(self) -> int:
        """Number of instances that no AWS service manages; those that are come last."""
        return self.count - self.count // EVERY_MANAGED

    def is_scaled(self, index: int) -> bool:
        """Tell whether an instance belongs to an Auto Scaling group."""
        return index < self.own and SERVICES[(self.slot(index) - 1) % len(SERVICES)] in SCALED

    def unit(self, index: int) -> int:
        """Return the number that decides on traits: members of a group share theirs."""
        if not self.is_scaled(index):
            return index
        return self.group_index(index // VPC_SIZE, self.slot(index))

    def role(self, slot: int) -> Role:
        """Return what the group in a slot (from 1) of its VPC is for."""
        round_, position = divmod(slot - 1, len(SERVICES))
        service = SERVICES[position]
        environment = ENVIRONMENTS[round_ % len(ENVIRONMENTS)]
        cell = round_ // len(ENVIRONMENTS)
        suffix = f"-{cell + 1}" if cell else ""
        return Role(service, environment, f"{service}-{environment}{suffix}")

    def zone(self, subnet: int) -> str:
        """Return the availability zone of a subnet."""
        return self.region + "abc"[subnet % 3]

    def zone_id(self, subnet: int) -> str:
        """Return the id of that zone, such as `use1-az2`."""
        area, *direction, number = self.region.split("-")
        return f"{area}{''.join(d[0] for d in direction)}{number}-az{subnet % 3 + 1}"

    def dns(self, address: str, *, public: bool) -> str:
        """Return the name that AWS gives to an address."""
        dashed = address.replace(".", "-")
        if public:
            zone = "compute-1" if self.region == "us-east-1" else f"{self.region}.compute"
            return f"ec2-{dashed}.{zone}.amazonaws.com"
        zone = "ec2" if self.region == "us-east-1" else f"{self.region}.compute"
        return f"ip-{dashed}.{zone}.internal"

    def public_address(self, index: int) -> str:
        """Return a public address; distinct for distinct indexes within a region."""
        first = (3, 13, 18, 34, 35, 44, 52, 54)[self.key & 7]
        second = ((self.key >> 8) + (index >> 16)) & 0xFF
        return f"{first}.{second}.{index >> 8 & 0xFF}.{index & 0xFF}"
