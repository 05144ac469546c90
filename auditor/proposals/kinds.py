"""Kinds of policies that files may propose: where their rules are, and where a rule belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.model import Scope
from auditor.proposals.azure import DEFAULT_RULES
from auditor.proposals.model import Raw

SELF = "_self"
"""Marks a rule whose peer is the group that it is a rule of."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of policy, by its tables."""

    rules: str
    """Table of its rules."""
    owner: str
    """Column of a rule with the policy's resource_id."""
    same: tuple[str, ...]
    """Columns by which two rules of a policy are the same rule."""
    near: str
    """SQL condition that a policy is in the same account and region as `$near`."""
    bind: Callable[[Raw, str], Raw]
    """Puts a rule into a policy, by the policy's resource_id."""
    place: Callable[[Raw, Scope], Raw]
    """Puts a new policy into a scope."""
    fixed: str = "false"
    """SQL condition of rules that nobody can change: they stay."""
    defaults: tuple[Raw, ...] = ()
    """Rules that every new policy has, whatever else is in it."""


def _in_group(rule: Raw, policy_id: str) -> Raw:
    owner, group_id = policy_id.split(":")[4], policy_id.rpartition("/")[2]
    found = {**rule, "GroupId": group_id, "GroupOwnerId": owner}
    if found.pop(SELF, False):
        found["ReferencedGroupInfo"] = {"GroupId": group_id}
    return found


def _in_acl(rule: Raw, policy_id: str) -> Raw:
    owner, acl_id = policy_id.split(":")[4], policy_id.rpartition("/")[2]
    return {**rule, "NetworkAclId": acl_id, "OwnerId": owner}


def _in_nsg(rule: Raw, policy_id: str) -> Raw:
    nested = "defaultSecurityRules" if rule.get("_default") else "securityRules"
    return {**rule, "id": f"{policy_id}/{nested}/{rule['name']}", "_owner": {"id": policy_id}}


def _in_network(rule: Raw, policy_id: str) -> Raw:
    project = policy_id.partition("/global/networks/")[0]
    link = f"{project}/global/firewalls/{rule['name']}"
    return {**rule, "selfLink": link, "network": policy_id}


def _in_region(policy: Raw, _: Scope) -> Raw:
    return policy


def _in_subscription(policy: Raw, scope: Scope) -> Raw:
    return {**policy, "id": f"/subscriptions/{scope.account_id}{policy['id']}"}


def _in_project(policy: Raw, scope: Scope) -> Raw:
    link = f"projects/{scope.account_id}/global/networks/{policy['name']}"
    return {**policy, "selfLink": link}


KINDS = {
    "aws_ec2_security_groups": Kind(
        rules="aws_ec2_security_group_rules",
        owner="group_arn",
        same=(
            "is_egress",
            "ip_protocol",
            "from_port",
            "to_port",
            "cidr_ipv4",
            "cidr_ipv6",
            "prefix_list_id",
            "referenced_group_id",
        ),
        near="vpc_id = $near",
        bind=_in_group,
        place=_in_region,
    ),
    "aws_ec2_network_acls": Kind(
        rules="aws_ec2_network_acl_entries",
        owner="network_acl_arn",
        same=("is_egress", "rule_number"),
        near="vpc_id = $near",
        bind=_in_acl,
        place=_in_region,
        fixed="is_default_entry",
    ),
    "azure_network_security_groups": Kind(
        rules="azure_network_security_group_rules",
        owner="group_id",
        same=("resource_id",),
        near="contains(resource_id, $near)",
        bind=_in_nsg,
        place=_in_subscription,
        fixed="is_default",
        defaults=DEFAULT_RULES,
    ),
    "gcp_compute_networks": Kind(
        rules="gcp_compute_firewalls",
        owner="network",
        same=("resource_id",),
        near="account_id = $near",
        bind=_in_network,
        place=_in_project,
    ),
}
"""By the table of the policy."""
