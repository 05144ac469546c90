"""VPC firewall rules of Google Cloud: all rules of a network are one policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.proposals.gcp import NETWORKS, network_key
from auditor.proposals.model import Proposal, Raw, objects, present
from auditor.proposals.terraform.plan import Change, Plan
from auditor.proposals.terraform.reading import Reader, policy_of, unknowns

_FIELDS = {
    "description": "description",
    "destination_ranges": "destinationRanges",
    "direction": "direction",
    "disabled": "disabled",
    "name": "name",
    "priority": "priority",
    "source_ranges": "sourceRanges",
    "source_service_accounts": "sourceServiceAccounts",
    "source_tags": "sourceTags",
    "target_service_accounts": "targetServiceAccounts",
    "target_tags": "targetTags",
}
_PROTOCOLS = {"allow": "allowed", "deny": "denied"}


def _network(_: Plan, change: Change) -> Iterator[Proposal]:
    """Yield a network that is to be created; its rules are other resources."""
    if not change.is_new:
        return
    name = str(change.known("name") or change.name)
    yield Proposal(
        NETWORKS,
        change.address,
        change.where,
        name=name,
        new={"name": name},
        near=str(change.known("project") or ""),
        aliases=(name, f"projects/{change.known('project')}/global/networks/{name}"),
        rules=(),
    )


def _firewall(plan: Plan, change: Change) -> Iterator[Proposal]:
    if not change.is_new:
        yield Proposal(
            NETWORKS,
            network_key(str(change.before.get("network")), change.before.get("project")),
            change.where,
            dropped=(_rule(change.before, change),),
        )
    if change.is_gone:
        return
    policy = policy_of(plan, change, "network")
    problems = unknowns(change, (*_FIELDS, *_PROTOCOLS))
    if policy is None:
        problems = (f"{change.address}: network is known only after apply", *problems)
    yield Proposal(
        NETWORKS,
        network_key(policy, change.known("project")) if policy else change.address,
        change.where,
        added=() if problems else (_rule(change.after, change),),
        problems=problems,
    )


def _rule(values: Mapping[str, Any], change: Change) -> Raw:
    rule = present({name: values.get(key) for key, name in _FIELDS.items()})
    for key, name in _PROTOCOLS.items():
        blocks = objects(values.get(key), f"{change.where} {key}")
        if blocks:
            rule[name] = [
                present({"IPProtocol": b.get("protocol"), "ports": b.get("ports")}) for b in blocks
            ]
    return rule


RESOURCES: dict[str, Reader] = {
    "google_compute_firewall": _firewall,
    "google_compute_network": _network,
}

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "google_compute_firewall_policy_association": (),
    "google_compute_firewall_policy_rule": (),
    "google_compute_instance": ("tags", "service_account"),
    "google_compute_network_firewall_policy_association": (),
    "google_compute_network_firewall_policy_rule": (),
    "google_compute_region_network_firewall_policy_association": (),
    "google_compute_region_network_firewall_policy_rule": (),
}
