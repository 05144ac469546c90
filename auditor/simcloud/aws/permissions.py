"""Security group rules the way DescribeSecurityGroups shows them: grouped by ports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.simcloud.aws.wire import Resource


def permissions(rules: Iterable[Resource]) -> Resource:
    """Group rules by direction, protocol and ports, as DescribeSecurityGroups shows them."""
    grouped: dict[bool, dict[tuple[Any, ...], Resource]] = {False: {}, True: {}}
    for rule in rules:
        key = (rule["ipProtocol"], rule.get("fromPort"), rule.get("toPort"))
        entry = grouped[rule["isEgress"]].setdefault(key, _permission(*key))
        _add_peer(entry, rule)
    return {
        "ipPermissions": list(grouped[False].values()),
        "ipPermissionsEgress": list(grouped[True].values()),
    }


def _permission(protocol: str, from_port: int | None, to_port: int | None) -> Resource:
    # NOTE: EC2 leaves the ports out where the protocol is -1, though the rule list says -1
    ports = {} if protocol == "-1" else {"fromPort": from_port, "toPort": to_port}
    peers: Resource = {name: [] for name in ("groups", "ipRanges", "ipv6Ranges", "prefixListIds")}
    return {"ipProtocol": protocol} | ports | peers


def _add_peer(entry: Resource, rule: Resource) -> None:
    description = {"description": rule["description"]} if "description" in rule else {}
    if "cidrIpv4" in rule:
        entry["ipRanges"].append({"cidrIp": rule["cidrIpv4"]} | description)
    elif "cidrIpv6" in rule:
        entry["ipv6Ranges"].append({"cidrIpv6": rule["cidrIpv6"]} | description)
    elif "prefixListId" in rule:
        entry["prefixListIds"].append({"prefixListId": rule["prefixListId"]} | description)
    else:
        peer = rule["referencedGroupInfo"]
        entry["groups"].append({"userId": peer["userId"], "groupId": peer["groupId"]} | description)
