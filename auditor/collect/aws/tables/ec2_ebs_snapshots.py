"""EBS snapshots that the account owns: one row each, with whom they are shared.

Sharing is told by one call per snapshot only; where that call is missing, the columns about
sharing are empty, which is not the same as private.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

BATCH = 500
"""Snapshots held while their permissions are read."""


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each own snapshot with the permissions to create volumes from it."""
    snapshots = scope.pages("DescribeSnapshots", "Snapshots", OwnerIds=["self"], MaxResults=1000)
    while batch := list(islice(snapshots, BATCH)):
        answers = scope.call_each(
            "DescribeSnapshotAttribute",
            [
                {"SnapshotId": raw["SnapshotId"], "Attribute": "createVolumePermission"}
                for raw in batch
            ],
            gone=("InvalidSnapshot.NotFound",),
        )
        for raw, answer in zip(batch, answers, strict=True):
            if answer is not None:
                permissions = answer.get("CreateVolumePermissions") or []
                yield {**raw, "CreateVolumePermissions": permissions}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one snapshot."""
    snapshot_id = raw["SnapshotId"]
    return {
        **ec2_common(scope, ec2_arn(scope, "snapshot", snapshot_id, account=None), raw),
        "incarnation_id": snapshot_id,
        "snapshot_id": snapshot_id,
        "owner_id": raw.get("OwnerId"),
        "owner_alias": raw.get("OwnerAlias"),
        "description": raw.get("Description"),
        "volume_id": raw.get("VolumeId"),
        "volume_size": raw.get("VolumeSize"),
        "encrypted": raw.get("Encrypted"),
        "kms_key_id": raw.get("KmsKeyId"),
        "sse_type": raw.get("SseType"),
        "storage_tier": raw.get("StorageTier"),
        "outpost_arn": raw.get("OutpostArn"),
        "availability_zone": raw.get("AvailabilityZone"),
        "state": raw.get("State"),
        "progress": raw.get("Progress"),
        "start_time": raw.get("StartTime"),
        "completion_time": raw.get("CompletionTime"),
        **_sharing(raw),
    }


def _sharing(raw: Raw) -> dict[str, Any]:
    permissions = raw.get("CreateVolumePermissions")
    if permissions is None:
        return {"public": None, "shared_with": None}
    return {
        "public": any(item.get("Group") == "all" for item in permissions),
        "shared_with": sorted_set(item.get("UserId") for item in permissions),
    }


TABLE = ResourceTable(
    title="EBS snapshots",
    description="Copies of volumes that the account owns, and who else may restore them.",
    columns=(
        text("snapshot_id", "Id of the snapshot."),
        text("owner_id", "Account that owns it."),
        text("owner_alias", "Alias of the owner, such as amazon."),
        text("description", "Text given at creation."),
        text("volume_id", "Volume that it was made from; made up for copies."),
        integer("volume_size", "Size of that volume in GiB."),
        boolean("encrypted", "Whether it is encrypted."),
        text("kms_key_id", "ARN of the key that encrypts it."),
        text("sse_type", "Kind of server-side encryption."),
        text("storage_tier", "standard or archive."),
        text("outpost_arn", "Outpost that it is on."),
        text("availability_zone", "Local zone that it is kept in."),
        text("state", "pending, completed, error, recoverable or recovering.", volatile=True),
        text("progress", "Share that has been copied.", volatile=True),
        timestamp("start_time", "When it was started, or restored last.", volatile=True),
        timestamp("completion_time", "When it was completed.", volatile=True),
        boolean("public", "Whether everyone may create volumes from it."),
        strings("shared_with", "Accounts that may create volumes from it."),
    ),
    permissions=("ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute"),
    fetch=fetch,
    transform=transform,
)
