"""Policy exemptions: what a policy assignment does not apply to, why, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.azure import versions
from auditor.collect.azure.arm import arm_common, arm_id, in_subscription, instant, props
from auditor.collect.table import Raw, ResourceTable, document, sorted_set, strings, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope

KIND = "/providers/microsoft.authorization/policyexemptions/"


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each exemption of the subscription, of groups above it, and of what is in it."""
    path = "/providers/Microsoft.Authorization/policyExemptions"
    yield from scope.pages(path, versions.POLICY_EXEMPTIONS)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one exemption."""
    found = props(raw)
    return {
        **arm_common(scope, raw, resource_id=in_subscription(scope, raw["id"])),
        "exempt_id": str(arm_id(raw["id"])).rpartition(KIND)[0] or None,
        "policy_assignment_id": arm_id(found.get("policyAssignmentId")),
        "policy_definition_references": sorted_set(found.get("policyDefinitionReferenceIds") or ()),
        "exemption_category": found.get("exemptionCategory"),
        "expires_on": instant(found.get("expiresOn")),
        "scope_validation": found.get("assignmentScopeValidation"),
        "resource_selectors": found.get("resourceSelectors"),
        "display_name": found.get("displayName"),
        "description": found.get("description"),
    }


TABLE = ResourceTable(
    title="Policy exemptions",
    description="Parts of a subscription that a policy assignment does not apply to.",
    columns=(
        text("exempt_id", "Management group, subscription, group or resource that is exempt."),
        text("policy_assignment_id", "Assignment that it is exempt from."),
        strings("policy_definition_references", "Policies of an initiative; empty for all."),
        text("exemption_category", "Waiver, or Mitigated where the aim is met in another way."),
        timestamp("expires_on", "When it ends; nothing where it does not."),
        text("scope_validation", "DoNotValidate where it may be outside of the assignment."),
        document("resource_selectors", "Which resources it is for, where not for all."),
        text("display_name", "Name that people gave it."),
        text("description", "Text that people gave it."),
    ),
    permissions=("Microsoft.Authorization/policyExemptions/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
)
