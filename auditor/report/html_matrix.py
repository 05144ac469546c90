"""The coverage matrix of the HTML report: accounts down, regions across, one table per cloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from auditor.model import Coverage, Status

_ACCOUNTS = 200


def matrices(coverage: Iterable[Coverage]) -> list[dict[str, Any]]:
    """Return one matrix per cloud, the accounts with gaps first."""
    cells: dict[str, dict[tuple[str, str], list[Coverage]]] = {}
    for item in coverage:
        key = (item.scope.account_id, item.scope.region)
        cells.setdefault(item.scope.cloud, {}).setdefault(key, []).append(item)
    return [_matrix(cloud, cells[cloud]) for cloud in sorted(cells)]


def _matrix(cloud: str, cells: dict[tuple[str, str], list[Coverage]]) -> dict[str, Any]:
    regions = sorted({region for _, region in cells})
    accounts = sorted({account for account, _ in cells})
    rows: list[dict[str, Any]] = [
        {"account_id": account, "cells": [_cell(cells.get((account, r), ())) for r in regions]}
        for account in accounts
    ]
    rows.sort(key=lambda row: not any(cell["state"] == "gap" for cell in row["cells"]))
    return {
        "cloud": cloud,
        "regions": regions,
        "rows": rows[:_ACCOUNTS],
        "cut": max(len(rows) - _ACCOUNTS, 0),
    }


def _cell(items: Sequence[Coverage]) -> dict[str, str]:
    """Say in words what happened in one account and region; colour only repeats it."""
    gaps = [item for item in items if item.status.is_gap]
    read = [item for item in items if item.status is Status.COMPLETE]
    asked = len(gaps) + len(read)
    if not items:
        return {"state": "none", "text": "not in scope", "note": ""}
    if not asked:
        return {"state": "none", "text": "skipped", "note": ""}
    if gaps:
        notes = ", ".join(
            f"{sum(g.status is s for g in gaps)} {s.value}"
            for s in Status
            if any(g.status is s for g in gaps)
        )
        return {"state": "gap", "text": f"{len(read)} of {asked} read", "note": notes}
    waiting = sum(not item.approved for item in read)
    note = f"{waiting} not approved" if waiting else ""
    return {
        "state": "new" if waiting else "complete",
        "text": f"{asked} of {asked} read",
        "note": note,
    }
