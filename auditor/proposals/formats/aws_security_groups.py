"""`aws ec2 describe-security-groups`: all rules of each group, regrouped by AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.proposals.aws import permission_rules
from auditor.proposals.model import Document, Proposal, objects, text_of

TITLE = "aws ec2 describe-security-groups"


def recognises(document: Document) -> bool:
    """Say whether this is such an answer."""
    return isinstance(document, dict) and "SecurityGroups" in document


def read(document: dict[str, Any], where: str) -> Iterator[Proposal]:
    """Yield each group with all its rules, one for each peer of each permission."""
    for number, group in enumerate(objects(document["SecurityGroups"], f"{where}SecurityGroups")):
        place = f"{where}SecurityGroups[{number}]"
        yield Proposal(
            table="aws_ec2_security_groups",
            policy=text_of(group, "GroupId", place),
            where=place,
            name=group.get("GroupName"),
            rules=(
                *permission_rules(group.get("IpPermissions"), place, "IpPermissions"),
                *permission_rules(group.get("IpPermissionsEgress"), place, "IpPermissionsEgress"),
            ),
        )
