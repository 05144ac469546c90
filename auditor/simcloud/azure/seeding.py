"""Deterministic ids, numbers and names for one location of one subscription.

Everything is a function of (seed, subscription, location, kind, index), so that any resource can
be made on its own, in any order, and always comes out the same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

EPOCH = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
DAY = 86_400
VNET_SIZE = 40_000
"""Machines per virtual network: what fits in the six /19 subnets of a /16 with room to spare."""
SUBNETS = 6
PER_ROLE = 50
"""Machines that share a role, and with it resource group, NSG and application security group."""
SERVICES = ("web", "api", "worker", "db", "cache", "search", "batch", "edge", "ci", "billing")
ENVIRONMENTS = ("prod", "staging", "dev")
TEAMS = ("platform", "payments", "search", "data", "growth", "it-ops")


class Role(NamedTuple):
    """What machines are for."""

    service: str
    environment: str
    name: str


def one_in(every: int, index: int) -> bool:
    """Tell whether an index is the one in `every` that has some trait."""
    return index % every == every // 2


@cache
def role(number: int) -> Role:
    """Return the role with a number."""
    round_, position = divmod(number, len(SERVICES))
    service = SERVICES[position]
    environment = ENVIRONMENTS[round_ % len(ENVIRONMENTS)]
    cell = round_ // len(ENVIRONMENTS)
    suffix = f"-{cell + 1}" if cell else ""
    return Role(service, environment, f"{service}-{environment}{suffix}")


def stamp(moment: datetime) -> str:
    """Write a moment as Azure does, in tenths of microseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


class Seeded:
    """The source of ids and numbers of one location of one subscription."""

    def __init__(self, seed: int, subscription: str, location: str) -> None:
        self.subscription = subscription
        self.location = location
        self._base = hashlib.blake2b(f"{seed}/{subscription}/{location}/".encode(), digest_size=16)

    def number(self, kind: str, index: int) -> int:
        """Return 128 bits."""
        digest = self._base.copy()
        digest.update(f"{kind}/{index}".encode())
        return int.from_bytes(digest.digest())

    def hex(self, kind: str, index: int) -> str:
        """Return 32 hexadecimal digits."""
        return f"{self.number(kind, index):032x}"

    def guid(self, kind: str, index: int) -> str:
        """Return a GUID."""
        text = self.hex(kind, index)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def etag(self, kind: str, index: int) -> str:
        """Return an entity tag as Microsoft.Network writes it."""
        return f'W/"{self.guid(kind + "/etag", index)}"'

    def time(self, kind: str, index: int, *, first: int = 0, days: int = 400) -> str:
        """Return a moment in the `days` from day `first` after the epoch."""
        seconds = self.number(kind, index) % (days * DAY)
        return stamp(EPOCH + timedelta(days=first, seconds=seconds, microseconds=627047))
