"""Firewall policies of a project and of its organisation, with their rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.names import COMPUTE, full_name, instant, short, within
from auditor.collect.table import Raw, boolean, integer, sorted_set, strings, text, timestamp
from auditor.errors import CollectError
from auditor.model import Scope, Status

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

HIERARCHICAL_PERMISSIONS = ("compute.firewallPolicies.list", "compute.firewallPolicies.get")
NETWORK_PERMISSIONS = (
    *HIERARCHICAL_PERMISSIONS,
    "compute.regionFirewallPolicies.list",
    "compute.regionFirewallPolicies.get",
)
"""Global network policies share the names of hierarchical ones; regional ones have their own."""


def network_policies(scope: GcpScope) -> Iterator[Raw]:
    """Yield the global and regional network firewall policies of the project, whole."""
    yield from _whole(scope, scope.aggregated("firewallPolicies", "firewallPolicies"))


def hierarchical_policies(scope: GcpScope) -> Iterator[Raw]:
    """Yield the firewall policies of the configured organisation or folders, whole."""
    for parent in scope.options.parents:
        listed = scope.pages("/locations/global/firewallPolicies", parentId=parent)
        yield from _whole(scope, listed)


def not_here() -> CollectError:
    """Return what it means that a project's scope does not read the organisation's policies."""
    return CollectError(
        "policies of folders are read once, in the scope of the first project",
        status=Status.SKIPPED,
        kind="configuration",
        hint="set gcp.organization or gcp.folder to read them",
    )


def policy_columns(scope: Scope, raw: Raw) -> dict[str, Any]:
    """Return what both kinds of policies have in common."""
    associations = raw.get("associations") or ()
    return {
        "creation_time": instant(raw.get("creationTimestamp")),
        "description": raw.get("description"),
        "display_name": raw.get("displayName") or raw.get("shortName"),
        "policy_type": raw.get("policyType"),
        "policy_source": raw.get("policySource"),
        "attachments": sorted_set(_target(scope, a) for a in associations),
        "associations": sorted_set(
            f"{_target(scope, a)} priority {a['priority']}"
            if a.get("priority") is not None
            else _target(scope, a)
            for a in associations
        ),
        "is_attached": bool(associations),
        "rule_count": len(raw.get("rules") or ()),
        "rule_tuple_count": raw.get("ruleTupleCount"),
    }


def policy_name(raw: Raw) -> str:
    """Return the full resource name of a policy."""
    link = raw.get("selfLink")
    return full_name(link) if link else f"{COMPUTE}locations/global/firewallPolicies/{raw['name']}"


def policy_label(raw: Raw) -> str | None:
    """Return the name that people gave a policy; a hierarchical one has a number for a name."""
    return raw.get("shortName") or raw.get("displayName") or raw.get("name")


def policy_kind(raw: Raw) -> str:
    """Return the kind of a policy in effect on a network, which is the stage that it decides in."""
    return raw.get("type") or "UNSPECIFIED"


def policy_in_effect(raw: Raw) -> str:
    """Return the resource id of a policy in effect on a network."""
    name = raw.get("name") or policy_label(raw)
    return f"{full_name(raw['network'])}/effectiveFirewalls/{policy_kind(raw)}/{name}"


def effective_policy_id(raw: Raw) -> str:
    """Return the resource id of the policy itself; those of the system are nowhere else."""
    kind, name = policy_kind(raw), raw.get("name")
    if name and kind == "HIERARCHY":
        return f"{COMPUTE}locations/global/firewallPolicies/{name}"
    if name and kind == "NETWORK":
        return f"{full_name(raw['network']).partition('/networks/')[0]}/firewallPolicies/{name}"
    return policy_in_effect(raw)


def _target(scope: Scope, association: Raw) -> str | None:
    target = association.get("attachmentTarget")
    if target and ("organizations/" in target or "/folders/" in target):
        return f"{'folders' if 'folders/' in target else 'organizations'}/{short(target)}"
    return within(scope, target)


def _whole(scope: GcpScope, listed: Iterator[Raw]) -> Iterator[Raw]:
    """Yield each policy with its rules; those that come without are read one by one."""

    def whole(raw: Raw) -> Raw:
        if "rules" in raw:
            return raw
        return scope.get("/" + policy_name(raw).removeprefix(COMPUTE))

    for policy in scope.each(whole, listed):
        if policy is not None:
            yield policy


POLICY_COLUMNS = (
    timestamp("creation_time", "When it was created."),
    text("description", "Text that people gave it."),
    text("display_name", "Name that people gave a hierarchical policy."),
    text("policy_type", "VPC_POLICY or a special kind."),
    text("policy_source", "USER_DEFINED or SYSTEM."),
    strings("attachments", "Networks, folders or organisations that it applies to."),
    strings("associations", "The same, each with its priority where it has one."),
    boolean("is_attached", "Whether it applies to anything."),
    integer("rule_count", "Number of its rules."),
    integer("rule_tuple_count", "Size of its rules as the quota counts it."),
)
