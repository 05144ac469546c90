"""EC2 VPC Block Public Access: one row for the options of a region, and one per exclusion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common, partition_of
from auditor.collect.table import Raw, ResourceTable, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

OPTIONS = "VpcBlockPublicAccessOptions"
EXCLUSIONS = "VpcBlockPublicAccessExclusions"
_NOT_OFFERED = ("InvalidAction", "UnsupportedOperation")
"""Codes of an endpoint that does not know an operation yet: what it sets does not exist there."""


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield the options, then each exclusion."""
    answer = scope.call_unless(_NOT_OFFERED, f"Describe{OPTIONS}")
    if answer is not None:
        yield answer.get(OPTIONS) or {}
        yield from scope.pages(f"Describe{EXCLUSIONS}", EXCLUSIONS, MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of the options or of one exclusion."""
    exclusion_id = raw.get("ExclusionId")
    if exclusion_id:
        arn = ec2_arn(scope, "vpc-block-public-access-exclusion", exclusion_id)
    else:
        owner = f"{scope.region}:{scope.account_id}"
        arn = f"arn:{partition_of(scope.region)}:ec2:{owner}:vpc-block-public-access-options"
    return {
        **ec2_common(scope, arn, raw),
        "incarnation_id": exclusion_id,
        "kind": "exclusion" if exclusion_id else "options",
        "state": raw.get("State"),
        "reason": raw.get("Reason"),
        "block_mode": raw.get("InternetGatewayBlockMode"),
        "managed_by": raw.get("ManagedBy"),
        "exclusions_allowed": raw.get("ExclusionsAllowed"),
        "exclusion_id": exclusion_id,
        "exclusion_mode": raw.get("InternetGatewayExclusionMode"),
        "excluded_arn": raw.get("ResourceArn"),
        "creation_time": raw.get("CreationTimestamp"),
        "last_update_time": raw.get("LastUpdateTimestamp"),
    }


TABLE = ResourceTable(
    title="EC2 VPC Block Public Access",
    description="The block on internet gateways of a region, and what is excluded from it.",
    columns=(
        text("kind", "options or exclusion."),
        text("state", "Progress of the last change."),
        text("reason", "What the service says about it.", volatile=True),
        text("block_mode", "off, block-ingress or block-bidirectional; options only."),
        text("managed_by", "declarative-policy if the organization sets it, or account."),
        text("exclusions_allowed", "Whether VPCs may be excluded: allowed or not-allowed."),
        text("exclusion_id", "Id of the exclusion."),
        text("exclusion_mode", "allow-egress or allow-bidirectional; exclusions only."),
        text("excluded_arn", "VPC or subnet that is let through."),
        timestamp("creation_time", "When the exclusion was created."),
        timestamp("last_update_time", "When it was changed last.", volatile=True),
    ),
    permissions=(f"ec2:Describe{OPTIONS}", f"ec2:Describe{EXCLUSIONS}"),
    fetch=fetch,
    transform=transform,
    gone={"state": ("create-failed", "delete-complete", "disable-complete")},
)
