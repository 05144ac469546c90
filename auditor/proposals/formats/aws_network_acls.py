"""`aws ec2 describe-network-acls`: all entries of each network ACL, and its subnets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.proposals.model import Document, Proposal, objects, text_of

TITLE = "aws ec2 describe-network-acls"


def recognises(document: Document) -> bool:
    """Say whether this is such an answer."""
    return isinstance(document, dict) and "NetworkAcls" in document


def read(document: dict[str, Any], where: str) -> Iterator[Proposal]:
    """Yield each network ACL with all its entries."""
    for number, acl in enumerate(objects(document["NetworkAcls"], f"{where}NetworkAcls")):
        place = f"{where}NetworkAcls[{number}]"
        subnets = None
        if "Associations" in acl:
            found = objects(acl["Associations"], f"{place}.Associations")
            subnets = frozenset(str(one["SubnetId"]) for one in found if one.get("SubnetId"))
        yield Proposal(
            table="aws_ec2_network_acls",
            policy=text_of(acl, "NetworkAclId", place),
            where=place,
            rules=tuple(objects(acl.get("Entries"), f"{place}.Entries")),
            applies_to=subnets,
        )
