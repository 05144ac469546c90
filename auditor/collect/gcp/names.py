"""Names of Google Cloud resources: from the URLs of the API to full resource names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from auditor.collect.table import Raw, common
from auditor.model import Scope

COMPUTE = "//compute.googleapis.com/"

_REGION = re.compile(r"/regions/([^/]+)")
_ZONE = re.compile(r"/zones/([^/]+)")
_STARTS = (("projects/", "/projects/"), ("locations/global/", "/locations/global/"))
_LOCAL = ("global/", "zones/", "regions/")


def full_name(link: str) -> str:
    """Return the full resource name of a Compute Engine URL, whatever endpoint it names.

    A name that the API gives without its project stays as it is.
    """
    for start, inside in _STARTS:
        at = link.find(inside)
        if at >= 0:
            return COMPUTE + link[at + 1 :]
        if link.startswith(start):
            return COMPUTE + link
    return link


def reference(link: str | None) -> str | None:
    """Return the full resource name of a reference, if there is one."""
    return full_name(link) if link else None


def references(links: Any) -> list[str]:
    """Return the full resource names of several references, as a sorted set."""
    return sorted({full_name(link) for link in links or () if link})


def within(scope: Scope, link: str | None) -> str | None:
    """Return the full resource name of a reference that may leave out the project."""
    if link and link.startswith(_LOCAL):
        return f"{COMPUTE}projects/{scope.account_id}/{link}"
    return reference(link)


def short(link: str | None) -> str | None:
    """Return the last part of a URL: the name of a machine type, a zone, a policy."""
    return link.rstrip("/").rpartition("/")[2] if link else None


def zone_of(raw: Raw) -> str | None:
    """Return the zone that a resource itself names."""
    return short(raw.get("zone")) or _found(_ZONE, raw.get("selfLink"))


def region_of(raw: Raw) -> str:
    """Return the region of a resource, from its own zone or region; `global` if it has none."""
    zone = zone_of(raw)
    if zone:
        return zone.rpartition("-")[0] or zone
    return short(raw.get("region")) or _found(_REGION, raw.get("selfLink")) or "global"


def gcp_common(scope: Scope, raw: Raw) -> dict[str, Any]:
    """Return the columns that every table has, for a resource with a `selfLink`."""
    unique = raw.get("id")
    return common(
        scope,
        full_name(raw["selfLink"]),
        name=raw.get("name"),
        tags=raw.get("labels"),
        incarnation_id=None if unique is None else str(unique),
        region=region_of(raw),
        raw=raw,
    )


def number(value: Any) -> int | None:
    """Return a 64-bit number, which the API writes as text."""
    return None if value in (None, "") else int(value)


def pairs(values: Any) -> list[str]:
    """Return an object as a sorted set of `key=value`."""
    return sorted(f"{key}={value}" for key, value in (values or {}).items())


def instant(value: Any) -> datetime | None:
    """Return an instant of the API; None where there is none, or in no form that it documents."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _found(pattern: re.Pattern[str], link: str | None) -> str | None:
    match = pattern.search(link or "")
    return match[1] if match else None
