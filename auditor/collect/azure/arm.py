"""Names of Azure resources: ARM ids, which differ in case from API to API for one resource.

Loads no SDK, so that the tables can be listed without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from auditor.collect.table import Raw, common, sorted_set
from auditor.model import Scope

Item = Mapping[str, Any]


def arm_id(value: str | None) -> str | None:
    """Return an ARM id in the one form in which ids are compared."""
    return value.rstrip("/").lower() if value else None


def ref(holder: Item | None) -> str | None:
    """Return the id in a reference such as `{"id": ...}`."""
    return arm_id(holder.get("id")) if holder else None


def refs(holders: Iterable[Item] | None) -> list[str]:
    """Return the ids in a list of references, as a set."""
    return sorted_set(ref(holder) for holder in holders or ())


def parent(value: str | None) -> str | None:
    """Return the id of the resource that a nested resource is part of."""
    found = arm_id(value)
    return found.rsplit("/", 2)[0] if found else None


def in_subscription(scope: Scope, value: str) -> str | None:
    """Return the id of what is in effect in a subscription, which may belong to a group above it.

    Every subscription below a management group lists what the group has, each as its own.
    """
    found = arm_id(value)
    if found is None or found.startswith("/subscriptions/"):
        return found
    return f"/subscriptions/{scope.account_id}{found}"


def region_of(location: str | None) -> str:
    """Return the name of a location: lower case, no blanks; `global` where there is none."""
    return location.replace(" ", "").lower() if location else "global"


def props(raw: Item) -> Item:
    """Return the properties of a resource; empty where it has none."""
    found: Item = raw.get("properties") or {}
    return found


def lower(value: str | None) -> str | None:
    """Return a text in lower case, if there is one."""
    return value.lower() if value else None


def instant(value: str | None) -> datetime | None:
    """Return an instant that the API wrote as text; without a zone it is UTC."""
    if not value:
        return None
    text = value if value.endswith("Z") or "+" in value[10:] else f"{value}Z"
    return datetime.fromisoformat(text)


def arm_common(
    scope: Scope,
    raw: Raw,
    *,
    resource_id: str | None = None,
    incarnation_id: str | None = None,
    location: str | None = None,
    document: Item | None = None,
) -> dict[str, Any]:
    """Return the columns that every table has, from what every ARM resource has.

    `document` is what is kept of the answer where that is not all of it.
    """
    found = resource_id or arm_id(raw["id"])
    if found is None:
        raise KeyError("id")
    return common(
        scope,
        found,
        name=raw.get("name"),
        tags=raw.get("tags"),
        incarnation_id=incarnation_id,
        region=region_of(location or raw.get("location")),
        raw=dict(raw if document is None else document),
    )
