"""`terraform show -json PLAN`: resources that hold rules, and those that decide where they apply.

What decides where a policy applies is not simulated, so a change of it is said, not passed over.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from auditor.proposals import terraform
from auditor.proposals.model import Document, Proposal
from auditor.proposals.terraform.plan import Change, read_plan
from auditor.proposals.terraform.reading import Reader

TITLE = "terraform show -json PLAN"

CAN_BE_EMPTY = True
"""Most plans change no rule; that is an answer."""


def recognises(document: Document) -> bool:
    """Say whether this is a plan."""
    return (
        isinstance(document, dict)
        and "format_version" in document
        and ("resource_changes" in document or "planned_values" in document)
    )


def read(document: dict[str, Any], where: str) -> Iterator[Proposal]:
    """Yield what each resource of the plan proposes."""
    plan = read_plan(document, where)
    readers, elsewhere = _known()
    for change in plan.changes:
        if change.type in readers:
            yield from readers[change.type](plan, change)
        elif change.type in elsewhere and _matters(change, elsewhere[change.type]):
            yield Proposal(
                change.type,
                change.address,
                change.where,
                problems=(f"{change.address} changes what applies where: not simulated",),
            )


def _matters(change: Change, attributes: tuple[str, ...]) -> bool:
    """Say whether a change is one of what applies; what is new as a whole is found later."""
    if not attributes:
        return True
    return not (change.is_new or change.is_gone) and any(map(change.differs, attributes))


def _known() -> tuple[dict[str, Reader], dict[str, tuple[str, ...]]]:
    readers: dict[str, Reader] = {}
    elsewhere: dict[str, tuple[str, ...]] = {}
    for module in pkgutil.iter_modules(terraform.__path__):
        loaded = importlib.import_module(f"{terraform.__name__}.{module.name}")
        readers |= getattr(loaded, "RESOURCES", {})
        elsewhere |= getattr(loaded, "ELSEWHERE", {})
    return readers, elsewhere
