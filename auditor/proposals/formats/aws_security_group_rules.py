"""`aws ec2 describe-security-group-rules`: all rules of the groups that it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from auditor.proposals.model import Document, Proposal, Raw, objects, text_of

TITLE = "aws ec2 describe-security-group-rules"


def recognises(document: Document) -> bool:
    """Say whether this is such an answer."""
    return isinstance(document, dict) and "SecurityGroupRules" in document


def read(document: dict[str, Any], where: str) -> Iterator[Proposal]:
    """Yield each group that has rules here; they are taken as all that it has."""
    groups: defaultdict[str, list[Raw]] = defaultdict(list)
    rules = objects(document["SecurityGroupRules"], f"{where}SecurityGroupRules")
    for number, rule in enumerate(rules):
        place = f"SecurityGroupRules[{number}]"
        groups[text_of(rule, "GroupId", where + place)].append(
            {"SecurityGroupRuleId": place, **rule}
        )
    for group_id, found in groups.items():
        yield Proposal(
            table="aws_ec2_security_groups",
            policy=group_id,
            where=f"{where}SecurityGroupRules",
            rules=tuple(found),
        )
