"""Cloud Logging: the audit log entries of projects, filtered, in order of time, by pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.simcloud.gcp import wire
from auditor.simcloud.gcp.estate import Estate
from auditor.simcloud.gcp.filters import matcher
from auditor.simcloud.gcp.paging import page
from auditor.simcloud.gcp.wire import Call, Resource, invalid, not_found

USUAL, MOST = 50, 1000
"""Entries of a page where no size is asked for, and at most."""
NEWEST = "timestamp desc"


def entries(estate: Estate, call: Call) -> bytes:
    """Answer entries.list."""
    test = matcher(str(call.body.get("filter") or ""))
    order = str(call.body.get("orderBy") or "timestamp asc")
    if order not in ("timestamp", "timestamp asc", NEWEST):
        raise invalid(f"Invalid order: {order}")
    found = sorted(
        (entry for entry in _asked(estate, call) if test(entry)),
        key=lambda entry: (entry["timestamp"], entry["insertId"]),
        reverse=order == NEWEST,
    )
    size = int(call.body.get("pageSize") or USUAL)
    if not 0 < size <= MOST:
        raise invalid(f"page_size must be between 1 and {MOST}")
    part = page(call, len(found), size, sent=call.body.get("pageToken"))
    body: Resource = {"entries": found[part.start : part.stop]} if found else {}
    return wire.item(body | ({"nextPageToken": part.token} if part.token else {}))


def project_of(body: Mapping[str, Any]) -> str:
    """Return the first project, or other resource, whose entries are asked for."""
    names = _names(body)
    return names[0].removeprefix("projects/") if names else ""


def _names(body: Mapping[str, Any]) -> list[str]:
    old = [f"projects/{id_}" for id_ in body.get("projectIds") or []]
    return [str(name) for name in body.get("resourceNames") or []] + old


def _asked(estate: Estate, call: Call) -> list[Resource]:
    names = _names(call.body)
    if not names:
        raise invalid("resource_names is required")
    found: list[Resource] = []
    for name in dict.fromkeys(names):
        project = estate.find(name.removeprefix("projects/"))
        if project is None:
            raise not_found(name)
        found += project.entries
    return found
