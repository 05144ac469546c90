"""Policy assignments: the rules of Azure Policy that are in effect, enforced or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, in_subscription, lower, props
from auditor.collect.table import Raw, ResourceTable, document, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each assignment to the subscription, to groups above it, and to what is in it."""
    path = "/providers/Microsoft.Authorization/policyAssignments"
    yield from scope.pages(path, versions.POLICY_ASSIGNMENTS)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one assignment."""
    found = props(raw)
    return {
        **arm_common(scope, raw, resource_id=in_subscription(scope, raw["id"])),
        "assigned_to": arm_id(found.get("scope")),
        "excluded_ids": sorted_set(map(arm_id, found.get("notScopes") or ())),
        "policy_definition_id": arm_id(found.get("policyDefinitionId")),
        "definition_version": found.get("definitionVersion"),
        "enforcement_mode": found.get("enforcementMode"),
        "parameters": found.get("parameters"),
        "overrides": found.get("overrides"),
        "resource_selectors": found.get("resourceSelectors"),
        "display_name": found.get("displayName"),
        "description": found.get("description"),
        "identity_type": lower((raw.get("identity") or {}).get("type")),
    }


TABLE = ResourceTable(
    title="Policy assignments",
    description="Policies and initiatives that are in effect in a subscription or parts of it.",
    columns=(
        text("assigned_to", "Management group, subscription, group or resource that it is for."),
        strings("excluded_ids", "Parts of it that are left out."),
        text("policy_definition_id", "Policy or initiative that is assigned."),
        text("definition_version", "Version of it that is asked for."),
        text("enforcement_mode", "Default, or DoNotEnforce where it only reports."),
        document("parameters", "Values of the parameters of the policy."),
        document("overrides", "Effects or versions that differ from the definition's."),
        document("resource_selectors", "Which resources it is for, where not for all."),
        text("display_name", "Name that people gave it."),
        text("description", "Text that people gave it."),
        text("identity_type", "Kind of identity that it remediates with, in lower case."),
    ),
    permissions=("Microsoft.Authorization/policyAssignments/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
