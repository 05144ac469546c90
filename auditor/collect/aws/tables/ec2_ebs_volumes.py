"""EBS volumes: one row each, with encryption, origin and what they are attached to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each volume, those of managed resources too."""
    yield from scope.pages(
        "DescribeVolumes", "Volumes", IncludeManagedResources=True, MaxResults=500
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one volume; the first instance by id is the one that owns it."""
    volume_id = raw["VolumeId"]
    attachments = raw.get("Attachments") or []
    instances = sorted_set(item.get("InstanceId") for item in attachments)
    arns = [ec2_arn(scope, "instance", instance) for instance in instances]
    operator = raw.get("Operator") or {}
    return {
        **ec2_common(scope, ec2_arn(scope, "volume", volume_id), raw),
        "incarnation_id": volume_id,
        "volume_id": volume_id,
        "state": raw.get("State"),
        "create_time": raw.get("CreateTime"),
        "size": raw.get("Size"),
        "volume_type": raw.get("VolumeType"),
        "iops": raw.get("Iops"),
        "throughput": raw.get("Throughput"),
        "encrypted": raw.get("Encrypted"),
        "kms_key_id": raw.get("KmsKeyId"),
        "sse_type": raw.get("SseType"),
        "snapshot_id": raw.get("SnapshotId") or None,
        "source_volume_id": raw.get("SourceVolumeId"),
        "multi_attach_enabled": raw.get("MultiAttachEnabled"),
        "availability_zone": raw.get("AvailabilityZone"),
        "outpost_arn": raw.get("OutpostArn"),
        "fast_restored": raw.get("FastRestored"),
        "instance_arn": arns[0] if arns else None,
        "instance_arns": arns,
        "devices": sorted_set(item.get("Device") for item in attachments),
        "kept_by_instance_arns": sorted_set(
            ec2_arn(scope, "instance", item["InstanceId"])
            for item in attachments
            if item.get("InstanceId") and item.get("DeleteOnTermination") is False
        ),
        "attach_states": sorted_set(item.get("State") for item in attachments),
        "operator_managed": operator.get("Managed"),
        "operator_principal": operator.get("Principal"),
    }


TABLE = ResourceTable(
    title="EBS volumes",
    description="Block storage of EC2: what a disk is made from and which instance mounts it.",
    columns=(
        text("volume_id", "Id of the volume."),
        text("state", "creating, available, in-use, deleting, deleted or error.", volatile=True),
        timestamp("create_time", "When it was created."),
        integer("size", "Size in GiB."),
        text("volume_type", "gp2, gp3, io1, io2, st1, sc1 or standard."),
        integer("iops", "Provisioned or baseline operations per second.", volatile=True),
        integer("throughput", "Provisioned MiB per second.", volatile=True),
        boolean("encrypted", "Whether it is encrypted."),
        text("kms_key_id", "ARN of the key that encrypts it."),
        text("sse_type", "Kind of server-side encryption."),
        text("snapshot_id", "Snapshot that it was made from."),
        text("source_volume_id", "Volume that it was copied from."),
        boolean("multi_attach_enabled", "Whether several instances may mount it at once."),
        text("availability_zone", "Availability zone."),
        text("outpost_arn", "Outpost that it is on."),
        boolean("fast_restored", "Whether it was made by fast snapshot restore."),
        text("instance_arn", "resource_id of the instance that it is attached to."),
        strings("instance_arns", "resource_ids of all instances that it is attached to."),
        strings("devices", "Device names that it is attached as."),
        strings("kept_by_instance_arns", "Instances whose termination it outlives."),
        strings("attach_states", "States of its attachments.", volatile=True),
        boolean("operator_managed", "Whether a service provider manages it."),
        text("operator_principal", "Service provider that manages it."),
    ),
    permissions=("ec2:DescribeVolumes",),
    fetch=fetch,
    transform=transform,
    owner="instance_arn",
)
