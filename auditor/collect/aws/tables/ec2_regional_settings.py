"""EC2 settings of an account in a region: one row, the defaults and guardrails that hold for all.

Each of them takes one call. If one fails the whole row is unread, since a missing guardrail and
an unread one must not look alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import partition_of
from auditor.collect.table import Raw, ResourceTable, boolean, common, integer, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

OPERATIONS = (
    "GetInstanceMetadataDefaults",
    "GetEbsEncryptionByDefault",
    "GetEbsDefaultKmsKeyId",
    "GetSerialConsoleAccessStatus",
    "GetSnapshotBlockPublicAccessState",
    "GetImageBlockPublicAccessState",
    "GetAllowedImagesSettings",
    "GetManagedResourceVisibility",
    "DescribeVpcBlockPublicAccessOptions",
)
"""The calls whose answers make up the row, each under its own name."""

EXCLUSIONS = "DescribeVpcBlockPublicAccessExclusions"
_NOT_OFFERED = ("InvalidAction", "UnsupportedOperation")
"""Codes of an endpoint that does not know an operation yet: what it sets does not exist there."""

_OVER = ("create-failed", "delete-complete", "disable-complete")
_EXCLUDED = {"allow-bidirectional": ("ingress", "egress"), "allow-egress": ("egress",)}


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield one item that holds the answer to each call."""
    answers: dict[str, Any] = {}
    for operation in OPERATIONS:
        answer = scope.call_unless(_NOT_OFFERED, operation) or {}
        answers[operation] = {k: v for k, v in answer.items() if k != "ResponseMetadata"}
    found = scope.pages(EXCLUSIONS, "VpcBlockPublicAccessExclusions", MaxResults=1000)
    answers[EXCLUSIONS] = {"VpcBlockPublicAccessExclusions": list(found)}
    yield answers


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the one row of a region."""
    prefix = f"arn:{partition_of(scope.region)}:ec2:{scope.region}:{scope.account_id}"
    encryption = raw["GetEbsEncryptionByDefault"]
    visibility = raw["GetManagedResourceVisibility"].get("Visibility") or {}
    return {
        **common(scope, f"{prefix}:regional-settings", name=scope.region, raw=dict(raw)),
        **_metadata(raw["GetInstanceMetadataDefaults"].get("AccountLevel") or {}),
        "ebs_encryption_by_default": encryption.get("EbsEncryptionByDefault"),
        "ebs_encryption_sse_type": encryption.get("SseType"),
        "ebs_default_kms_key_id": raw["GetEbsDefaultKmsKeyId"].get("KmsKeyId"),
        **_public_access(raw),
        **_images(raw["GetAllowedImagesSettings"]),
        "managed_resource_visibility": visibility.get("DefaultVisibility"),
        **_vpc(raw),
    }


def _metadata(level: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metadata_http_tokens": level.get("HttpTokens"),
        "metadata_http_tokens_enforced": level.get("HttpTokensEnforced"),
        "metadata_http_endpoint": level.get("HttpEndpoint"),
        "metadata_hop_limit": level.get("HttpPutResponseHopLimit"),
        "metadata_instance_tags": level.get("InstanceMetadataTags"),
        "metadata_managed_by": level.get("ManagedBy"),
    }


def _public_access(raw: Raw) -> dict[str, Any]:
    console = raw["GetSerialConsoleAccessStatus"]
    snapshots = raw["GetSnapshotBlockPublicAccessState"]
    images = raw["GetImageBlockPublicAccessState"]
    return {
        "serial_console_access": console.get("SerialConsoleAccessEnabled"),
        "serial_console_managed_by": console.get("ManagedBy"),
        "snapshot_block_public_access": snapshots.get("State"),
        "snapshot_block_public_access_managed_by": snapshots.get("ManagedBy"),
        "image_block_public_access": images.get("ImageBlockPublicAccessState"),
        "image_block_public_access_managed_by": images.get("ManagedBy"),
    }


def _images(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the allowed images; each criterion admits images, so more of them admit more."""
    return {
        "allowed_images": settings.get("State"),
        "allowed_images_criteria": sorted(
            _canonical(_ordered(criterion)) for criterion in settings.get("ImageCriteria") or ()
        ),
        "allowed_images_managed_by": settings.get("ManagedBy"),
    }


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _ordered(value: Any) -> Any:
    """Sort the lists in a criterion: their order says nothing."""
    if isinstance(value, Mapping):
        return {key: _ordered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(inner) for inner in value), key=_canonical)
    return value


def _vpc(raw: Raw) -> dict[str, Any]:
    options = raw["DescribeVpcBlockPublicAccessOptions"].get("VpcBlockPublicAccessOptions") or {}
    exclusions = [
        item
        for item in raw[EXCLUSIONS].get("VpcBlockPublicAccessExclusions") or ()
        if item.get("State") not in _OVER
    ]
    return {
        "vpc_block_public_access": options.get("InternetGatewayBlockMode"),
        "vpc_block_public_access_managed_by": options.get("ManagedBy"),
        "vpc_exclusions_allowed": options.get("ExclusionsAllowed"),
        "vpc_block_public_access_state": options.get("State"),
        # NOTE: one entry per direction, so that a wider mode is one entry more, not another one.
        "vpc_block_public_access_exclusions": sorted(
            f"{item.get('ResourceArn')} {way}"
            for item in exclusions
            for way in _EXCLUDED.get(
                item.get("InternetGatewayExclusionMode", ""), ("ingress", "egress")
            )
        ),
    }


TABLE = ResourceTable(
    title="EC2 regional settings",
    description="Defaults and guardrails of an account in a region; one row each.",
    columns=(
        text("metadata_http_tokens", "Default for new instances; nothing is no preference."),
        text("metadata_http_tokens_enforced", "enabled: launches without IMDSv2 are refused."),
        text("metadata_http_endpoint", "Default for new instances; nothing is no preference."),
        integer("metadata_hop_limit", "Default for new instances; nothing is no preference."),
        text("metadata_instance_tags", "Default for new instances; nothing is no preference."),
        text("metadata_managed_by", "declarative-policy if the organization sets it, or account."),
        boolean("ebs_encryption_by_default", "Whether all new volumes are encrypted."),
        text("ebs_encryption_sse_type", "Kind of server-side encryption by default."),
        text("ebs_default_kms_key_id", "Key for it; alias/aws/ebs is the one that AWS manages."),
        boolean("serial_console_access", "Whether instances' serial consoles may be opened."),
        text("serial_console_managed_by", "declarative-policy or account."),
        text("snapshot_block_public_access", "How public sharing of snapshots is blocked."),
        text("snapshot_block_public_access_managed_by", "declarative-policy or account."),
        text("image_block_public_access", "How public sharing of images is blocked."),
        text("image_block_public_access_managed_by", "declarative-policy or account."),
        text("allowed_images", "enabled, audit-mode or disabled."),
        strings("allowed_images_criteria", "What admits an image, as JSON texts."),
        text("allowed_images_managed_by", "declarative-policy or account."),
        text("managed_resource_visibility", "Whether listings hide what services manage."),
        text("vpc_block_public_access", "off, block-ingress or block-bidirectional."),
        text("vpc_block_public_access_managed_by", "declarative-policy or account."),
        text("vpc_exclusions_allowed", "Whether VPCs may be excluded: allowed or not-allowed."),
        text("vpc_block_public_access_state", "Progress of the last change.", volatile=True),
        strings(
            "vpc_block_public_access_exclusions", "VPCs and subnets let through, by direction."
        ),
    ),
    permissions=tuple(f"ec2:{operation}" for operation in (*OPERATIONS, EXCLUSIONS)),
    fetch=fetch,
    transform=transform,
)
