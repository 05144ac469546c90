"""Deterministic ids, numbers and names of one project.

Everything is a function of (seed, project, kind, index), so that any resource can be made on its
own, in any order, and always comes out the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from typing import NamedTuple

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
EPOCH = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
PACIFIC = timezone(timedelta(hours=-7))
"""Compute writes its times in the zone of California."""
DAY = 86_400
BASE = "abcdefghijklmnopqrstuvwxyz0123456789"
SUFFIXES = 36**4
REGIONS = {
    "us-central1": "abcf",
    "us-east1": "bcd",
    "us-west1": "abc",
    "europe-west1": "bcd",
    "europe-west4": "abc",
    "asia-east1": "abc",
    "asia-southeast1": "abc",
    "australia-southeast1": "abc",
}
"""The regions of the simulated cloud and their zones; estates may add others."""
MOST_REGIONS = 8
"""Regions that instances may be in: the custom network has a /12 for each."""
EVERY_PUBLIC, EVERY_DATA, EVERY_SNAPSHOT, EVERY_DEFAULT, EVERY_STOPPED = 7, 4, 10, 9, 12
EVERY_BARE, EVERY_BROAD, EVERY_STOCK_IMAGE, EVERY_LEGACY, EVERY_KEYS = 11, 13, 10, 8, 6
"""One instance in so many has a public address, a data disk, and so on."""

SERVICES = ("web", "api", "worker", "db", "cache", "search", "batch", "edge", "ci", "billing")
SCALED = ("web", "worker", "edge")
"""Services whose instances belong to managed instance groups."""
ENVIRONMENTS = ("prod", "staging", "dev")
TEAMS = ("platform", "payments", "search", "data", "growth", "it-ops")
TYPES = ("e2-standard-2", "n2-standard-4", "e2-medium", "n2d-standard-2", "c3-standard-4")


class Role(NamedTuple):
    """What the instances of a slot are for."""

    service: str
    environment: str
    name: str

    @property
    def scaled(self) -> bool:
        """Whether a managed instance group runs them."""
        return self.service in SCALED


def one_in(every: int, index: int) -> bool:
    """Tell whether an index is the one in `every` that has some trait."""
    return index % every == every // 2


def region_of(zone: str) -> str:
    """Return the region of a zone."""
    return zone.rpartition("-")[0]


class Seeded:
    """The source of ids and numbers of one project."""

    def __init__(self, seed: int, project: str, zones: Sequence[str], count: int) -> None:
        self.project = project
        self.zones = tuple(zones)
        self.count = count
        digest = hashlib.sha256(f"{seed}/{project}".encode()).digest()
        self.key = int.from_bytes(digest[:8])
        self._offsets: dict[str, int] = {}
        self._roles: dict[int, Role] = {}
        if not self.zones or len(self.regions) > MOST_REGIONS:
            raise ValueError(f"instances need zones in 1 to {MOST_REGIONS} regions")

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions that hold instances."""
        return tuple(dict.fromkeys(region_of(zone) for zone in self.zones))

    @cached_property
    def all_zones(self) -> tuple[str, ...]:
        """Every zone that exists, whether used or not."""
        known = (f"{region}-{letter}" for region, letters in REGIONS.items() for letter in letters)
        return tuple(sorted({*known, *self.zones}))

    @cached_property
    def all_regions(self) -> tuple[str, ...]:
        """Every region that exists."""
        return tuple(sorted({region_of(zone) for zone in self.all_zones}))

    @cached_property
    def project_number(self) -> str:
        """The number of the project: 12 digits."""
        return str(100_000_000_000 + self.number("project", 0) % 900_000_000_000)

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
        """Return the numeric id of a resource, as the API writes it: a string."""
        return str(self.number(kind, index))

    def time(self, kind: str, index: int, *, first: int = 0, days: int = 400) -> str:
        """Return a moment in the `days` from day `first` after the epoch, as Compute writes it."""
        moment = EPOCH + timedelta(days=first, seconds=self.number(kind, index) % (days * DAY))
        return stamp(moment)

    @cached_property
    def slots(self) -> int:
        """Number of roles that the instances have."""
        return max(4, round(self.count / 25))

    def slot(self, index: int) -> int:
        """Return the slot of an instance: neighbours share it."""
        return index * self.slots // max(1, self.count)

    def first(self, slot: int) -> int:
        """Return the first instance of a slot."""
        return -(-slot * self.count // self.slots)

    def role(self, slot: int) -> Role:
        """Return what the instances of a slot are for."""
        role = self._roles.get(slot)
        if role is None:
            role = self._roles[slot] = _role(slot)
        return role

    def is_regional(self, slot: int) -> bool:
        """Tell whether the managed instance group of a slot spans the zones of a region."""
        return slot % 4 == 0

    def suffix(self, index: int) -> str:
        """Return four characters, different for neighbours, as group members have them."""
        rest, text = index * 1_000_003 % SUFFIXES, ""
        for _ in range(4):
            rest, digit = divmod(rest, len(BASE))
            text += BASE[digit]
        return text

    def public_address(self, index: int) -> str:
        """Return a public address; distinct for distinct indexes within a project."""
        first = (34, 35, 104)[self.key % 3]
        second = 64 + ((self.key >> 8) + (index >> 16)) % 190
        return f"{first}.{second}.{index >> 8 & 0xFF}.{index & 0xFF}"


def stamp(moment: datetime) -> str:
    """Write a moment as Compute does, such as `2026-01-31T23:59:59.123-07:00`."""
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def _role(slot: int) -> Role:
    round_, position = divmod(slot, len(SERVICES))
    service, environment = SERVICES[position], ENVIRONMENTS[round_ % len(ENVIRONMENTS)]
    cell = round_ // len(ENVIRONMENTS)
    suffix = f"-{cell + 1}" if cell else ""
    return Role(service, environment, f"{service}-{environment}{suffix}")
