"""`az network nsg show` and `list`, or the API's own answers: all rules of each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.proposals.azure import GROUP_TYPE, group_proposal
from auditor.proposals.model import Document, Proposal, objects

TITLE = "az network nsg show, az network nsg list"


def recognises(document: Document) -> bool:
    """Say whether this is a group, or a page of groups."""
    if not isinstance(document, dict):
        return False
    page = document.get("value")
    if isinstance(page, list) and page:
        return all(recognises(item) for item in page)
    return str(document.get("type", "")).lower() == GROUP_TYPE or "securityRules" in document


def read(document: dict[str, Any], where: str) -> Iterator[Proposal]:
    """Yield each group."""
    page = document.get("value")
    if page is None:
        yield group_proposal(document, where or "the network security group")
        return
    for number, group in enumerate(objects(page, f"{where}value")):
        yield group_proposal(group, f"{where}value[{number}]")
