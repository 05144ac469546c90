"""ARM templates: network security groups, and their rules as resources of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.proposals.azure import (
    GROUP_TYPE,
    GROUPS,
    RULE_TYPE,
    expressions,
    group_proposal,
    rule_of,
)
from auditor.proposals.model import Document, Proposal, objects, text_of

TITLE = "ARM template"


def recognises(document: Document) -> bool:
    """Say whether this is a template."""
    return (
        isinstance(document, dict)
        and "resources" in document
        and "deploymenttemplate.json" in str(document.get("$schema", "")).lower()
    )


def read(document: dict[str, Any], where: str) -> Iterator[Proposal]:
    """Yield each group, and each rule that is a resource of its own."""
    resources = document["resources"]
    if isinstance(resources, dict):
        # NOTE: templates of language version 2.0 have an object of named resources.
        resources = list(resources.values())
    yield from _read(resources, f"{where}resources", None)


def _read(resources: Document, where: str, owner: str | None) -> Iterator[Proposal]:
    for number, resource in enumerate(objects(resources, where)):
        place = f"{where}[{number}]"
        kind = str(resource.get("type", "")).lower()
        if kind == GROUP_TYPE:
            yield group_proposal(resource, place)
            name = text_of(resource, "name", place)
            yield from _read(resource.get("resources"), f"{place}.resources", name)
        elif kind == RULE_TYPE or (owner and kind == "securityrules"):
            yield _rule(resource, place, owner)


def _rule(resource: Mapping[str, Any], where: str, owner: str | None) -> Proposal:
    name = text_of(resource, "name", where)
    group, _, rule = name.rpartition("/")
    return Proposal(
        table=GROUPS,
        policy=(group or owner or name).lower(),
        where=where,
        added=(rule_of({**resource, "name": rule}, where),),
        problems=expressions({"name": name, "properties": resource.get("properties")}),
    )
