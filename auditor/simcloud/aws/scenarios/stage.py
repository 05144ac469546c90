"""How a scenario begins: the lock, the region, and the trail of who acts in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.events import Principal, Trail

Touched = dict[str, list[str]]
"""Collection of a region (`instances`, `volumes` and so on) -> ids that were added or changed."""


@contextlib.contextmanager
def acting(
    estate: Estate, account: str, region: str, who: Principal, moment: str
) -> Iterator[Trail]:
    """Hold the estate while somebody acts in one of its regions."""
    with estate.lock:
        yield Trail(estate.region(account, region), who, moment)
