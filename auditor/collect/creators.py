"""Who may create instances: what the tables of all clouds mean by it, in one place (ATT&CK M1018).

A principal has a capability where it is allowed at least one of the actions that stand for it, so
a capability may need further rights before it can be used: creating a virtual machine also needs
a network to join. Names of actions are those of each cloud's own reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html,
https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations,
https://cloud.google.com/iam/docs/permissions-reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor.collect.table import sorted_set, strings, text

MEANINGS = {
    "create_instances": "Make new instances, alone or through fleets, scale sets and groups.",
    "create_snapshots": "Copy disks into snapshots, images or restore points.",
    "share_snapshots": "Let others read disks: share snapshots and images, or export them.",
    "loosen_network_policies": "Change rules that say who reaches instances, or which apply.",
    "pass_roles": "Give instances an identity, and so use its rights.",
}
"""What each capability stands for, in words for people."""

ACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "aws": {
        "create_instances": (
            # NOTE: fleets and spot requests need RunInstances, too
            "ec2:RunInstances",
            "autoscaling:CreateAutoScalingGroup",
        ),
        "create_snapshots": (
            "ec2:CreateSnapshot",
            "ec2:CreateSnapshots",
            "ec2:CopySnapshot",
            "ec2:CreateImage",
        ),
        "share_snapshots": ("ec2:ModifySnapshotAttribute", "ec2:ModifyImageAttribute"),
        "loosen_network_policies": (
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:ModifySecurityGroupRules",
            "ec2:CreateNetworkAclEntry",
            "ec2:ReplaceNetworkAclEntry",
            "ec2:DeleteNetworkAclEntry",
            "ec2:ReplaceNetworkAclAssociation",
            "ec2:ModifyManagedPrefixList",
            "ec2:ModifyNetworkInterfaceAttribute",
            "ec2:ModifyInstanceAttribute",
        ),
        "pass_roles": ("iam:PassRole",),
    },
    "azure": {
        "create_instances": (
            "Microsoft.Compute/virtualMachines/write",
            "Microsoft.Compute/virtualMachineScaleSets/write",
        ),
        "create_snapshots": (
            "Microsoft.Compute/snapshots/write",
            "Microsoft.Compute/images/write",
            "Microsoft.Compute/restorePointCollections/restorePoints/write",
        ),
        "share_snapshots": (
            "Microsoft.Compute/snapshots/beginGetAccess/action",
            "Microsoft.Compute/disks/beginGetAccess/action",
        ),
        "loosen_network_policies": (
            "Microsoft.Network/networkSecurityGroups/write",
            "Microsoft.Network/networkSecurityGroups/securityRules/write",
            "Microsoft.Network/networkSecurityGroups/securityRules/delete",
            "Microsoft.Network/networkInterfaces/write",
            "Microsoft.Network/virtualNetworks/write",
            "Microsoft.Network/virtualNetworks/subnets/write",
        ),
        "pass_roles": (
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        ),
    },
    "gcp": {
        "create_instances": (
            "compute.instances.create",
            "compute.instanceGroupManagers.create",
            "compute.instanceGroupManagers.update",
        ),
        "create_snapshots": (
            "compute.snapshots.create",
            "compute.instantSnapshots.create",
            "compute.images.create",
            "compute.machineImages.create",
        ),
        "share_snapshots": (
            "compute.snapshots.setIamPolicy",
            "compute.disks.setIamPolicy",
            "compute.images.setIamPolicy",
            "compute.machineImages.setIamPolicy",
        ),
        "loosen_network_policies": (
            "compute.firewalls.create",
            "compute.firewalls.update",
            "compute.firewalls.delete",
            "compute.firewallPolicies.create",
            "compute.firewallPolicies.update",
            "compute.regionFirewallPolicies.create",
            "compute.regionFirewallPolicies.update",
            "compute.networks.setFirewallPolicy",
            "compute.instances.setTags",
        ),
        "pass_roles": ("iam.serviceAccounts.actAs",),
    },
}
"""Cloud -> capability -> the actions of which one is enough."""


@dataclass(frozen=True, slots=True)
class Grant:
    """That a policy or a role gives a capability."""

    capability: str
    by: str
    """Name of the policy or role, and how the principal came by it."""
    limit: str | None = None
    """On which resources or conditions only; None: on all of the account, always."""


def summary(grants: Iterable[Grant]) -> dict[str, Any]:
    """Return the columns that say what a principal may do, from all that it was given.

    A capability is conditional where every grant of it has a limit.
    """
    grants = list(grants)
    held = {grant.capability for grant in grants}
    limited = held - {grant.capability for grant in grants if grant.limit is None}
    return {
        "capabilities": sorted(held),
        "conditional": sorted(limited),
        "granted_by": sorted_set(grant.by for grant in grants),
        "conditional_grants": sorted_set(
            f"{grant.capability} by {grant.by}: {grant.limit}"
            for grant in grants
            if grant.capability in limited
        ),
    }


@lru_cache(maxsize=65_536)
def covered(cloud: str, pattern: str) -> frozenset[str]:
    """Return the actions of a cloud's capabilities that a pattern with `*` and `?` covers.

    Case does not count.
    """
    expression = as_expression(pattern)
    listed = (action for actions in ACTIONS[cloud].values() for action in actions)
    return frozenset(action for action in listed if expression.fullmatch(action))


def as_expression(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern with `*` and `?`; case does not count."""
    parts = (_WILD.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


_WILD = {"*": ".*", "?": "."}

COLUMNS = (
    text("principal_id", "The principal's id, as the cloud's policies name it."),
    text("principal_kind", "Kind of principal, as the cloud calls it."),
    strings(
        "capabilities",
        f"What it may do: {', '.join(MEANINGS)}; see Capabilities below.",
    ),
    strings("conditional", "Those of them that it has on some resources or conditions only."),
    strings("granted_by", "Policies or roles that give them."),
    strings("conditional_grants", "What gives the conditional ones, with the limits of each."),
)
"""What the table of each cloud has; the name that people gave is `name`."""
