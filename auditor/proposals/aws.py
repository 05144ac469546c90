"""Rules of security groups, from the two forms in which peers are grouped, to one peer each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.proposals.model import Document, Raw, objects, present

_PEERS = (
    ("IpRanges", "CidrIp", "CidrIpv4"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
)
"""Lists of peers of a permission: the key of the list, of its items, and of a single rule."""


def permission_rules(permissions: Document, where: str, key: str) -> Iterator[Raw]:
    """Yield the rules of permissions as `describe-security-groups` groups them."""
    for number, permission in enumerate(objects(permissions, f"{where}.{key}")):
        place = f"{key}[{number}]"
        common = present(
            {
                "IsEgress": key == "IpPermissionsEgress",
                "IpProtocol": permission.get("IpProtocol"),
                "FromPort": permission.get("FromPort"),
                "ToPort": permission.get("ToPort"),
            }
        )
        for peer, note in _peers(permission, f"{where}.{place}"):
            yield {**common, **peer, **note, "SecurityGroupRuleId": place}


def _peers(permission: Mapping[str, Any], where: str) -> Iterator[tuple[Raw, Raw]]:
    """Yield each peer of a permission, and its description."""
    for plural, single, name in _PEERS:
        for item in objects(permission.get(plural), f"{where}.{plural}"):
            yield {name: item.get(single)}, present({"Description": item.get("Description")})
    for item in objects(permission.get("UserIdGroupPairs"), f"{where}.UserIdGroupPairs"):
        note = present({"Description": item.get("Description")})
        yield {"ReferencedGroupInfo": {k: v for k, v in item.items() if k != "Description"}}, note
