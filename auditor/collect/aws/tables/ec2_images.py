"""EC2 images: those that the account owns and those that its instances were launched from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, sorted_set, strings, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

BATCH = 200
"""Values that one filter may hold."""


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield own images with their launch permissions, then others that instances use.

    Images of others are asked for by a filter, not by id, so that those which no longer exist
    are absent instead of failing the call.
    """
    used = {ref.image_id for ref in scope.instance_index() if ref.exists and ref.image_id}
    own = list(
        scope.pages(
            "DescribeImages",
            "Images",
            Owners=["self"],
            IncludeDeprecated=True,
            IncludeDisabled=True,
            MaxResults=1000,
        )
    )
    answers = scope.call_each(
        "DescribeImageAttribute",
        [{"ImageId": raw["ImageId"], "Attribute": "launchPermission"} for raw in own],
        gone=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"),
    )
    for raw, answer in zip(own, answers, strict=True):
        if answer is not None:
            permissions = answer.get("LaunchPermissions") or []
            yield {**raw, "LaunchPermissions": permissions, "InUse": raw["ImageId"] in used}
    others = sorted(used - {raw["ImageId"] for raw in own})
    for start in range(0, len(others), BATCH):
        wanted = [{"Name": "image-id", "Values": others[start : start + BATCH]}]
        for raw in scope.pages(
            "DescribeImages", "Images", Filters=wanted, IncludeDeprecated=True, MaxResults=1000
        ):
            yield {**raw, "InUse": True}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one image."""
    image_id = raw["ImageId"]
    scan = raw.get("ScanResults") or {}
    return {
        **ec2_common(
            scope, ec2_arn(scope, "image", image_id, account=None), raw, name=raw.get("Name")
        ),
        "incarnation_id": image_id,
        "image_id": image_id,
        "owner_id": raw.get("OwnerId"),
        "owner_alias": raw.get("ImageOwnerAlias"),
        "description": raw.get("Description"),
        "image_location": raw.get("ImageLocation"),
        "image_type": raw.get("ImageType"),
        "architecture": raw.get("Architecture"),
        "platform": raw.get("Platform"),
        "platform_details": raw.get("PlatformDetails"),
        "virtualization_type": raw.get("VirtualizationType"),
        "root_device_type": raw.get("RootDeviceType"),
        "boot_mode": raw.get("BootMode"),
        "tpm_support": raw.get("TpmSupport"),
        "imds_support": raw.get("ImdsSupport"),
        "deregistration_protection": raw.get("DeregistrationProtection"),
        "creation_date": raw.get("CreationDate"),
        "deprecation_time": raw.get("DeprecationTime"),
        "last_launched_time": raw.get("LastLaunchedTime"),
        "state": raw.get("State"),
        "in_use": raw.get("InUse"),
        "image_allowed": raw.get("ImageAllowed"),
        "source_image_id": raw.get("SourceImageId"),
        "source_image_region": raw.get("SourceImageRegion"),
        "source_instance_id": raw.get("SourceInstanceId"),
        "watermarks": sorted_set(m.get("WatermarkKey") for m in raw.get("ImageWatermarks") or ()),
        "highest_finding_severity": scan.get("HighestFindingSeverityLabel"),
        **_disks(raw),
        **_sharing(raw),
    }


def _disks(raw: Raw) -> dict[str, Any]:
    disks = [mapping.get("Ebs") or {} for mapping in raw.get("BlockDeviceMappings") or ()]
    known = [disk["Encrypted"] for disk in disks if disk.get("Encrypted") is not None]
    return {
        "snapshot_ids": sorted_set(disk.get("SnapshotId") for disk in disks),
        "encrypted": all(known) if known else None,
    }


def _sharing(raw: Raw) -> dict[str, Any]:
    """Return who may launch the image; told for own images only, apart from `public`."""
    public, permissions = raw.get("Public"), raw.get("LaunchPermissions")
    if permissions is None:
        return {
            "public": public,
            "shared_with": None,
            "shared_with_org_arns": None,
        }
    arns = [
        item.get(k) for item in permissions for k in ("OrganizationArn", "OrganizationalUnitArn")
    ]
    return {
        "public": bool(public) or any(item.get("Group") == "all" for item in permissions),
        "shared_with": sorted_set(item.get("UserId") for item in permissions),
        "shared_with_org_arns": sorted_set(arns),
    }


TABLE = ResourceTable(
    title="EC2 images",
    description="Machine images: own ones with whom they are shared, and those in use.",
    columns=(
        text("image_id", "Id of the image."),
        text("owner_id", "Account that owns it."),
        text("owner_alias", "amazon, aws-marketplace or self; nothing for other accounts."),
        text("description", "Text given at creation."),
        text("image_location", "Owner and name, or place of its manifest."),
        text("image_type", "machine, kernel or ramdisk."),
        text("architecture", "CPU architecture."),
        text("platform", "Windows, or nothing."),
        text("platform_details", "Operating system as billed."),
        text("virtualization_type", "hvm or paravirtual."),
        text("root_device_type", "ebs or instance-store."),
        text("boot_mode", "legacy-bios, uefi or uefi-preferred."),
        text("tpm_support", "v2.0 if instances get a NitroTPM."),
        text("imds_support", "v2.0 if instances require IMDSv2 unless told otherwise."),
        text("deregistration_protection", "Protection from being deregistered."),
        text("creation_date", "When it was created."),
        text("deprecation_time", "When it becomes deprecated."),
        text("last_launched_time", "When it was launched last; a day late.", volatile=True),
        text("state", "available, disabled, failed and so on."),
        boolean("in_use", "Whether an instance of the region uses it.", volatile=True),
        boolean("image_allowed", "Whether the allowed-images criteria admit it."),
        text("source_image_id", "Image that it was copied from."),
        text("source_image_region", "Region of that image."),
        text("source_instance_id", "Instance that it was made from."),
        strings("watermarks", "Marks of the images that it descends from."),
        text("highest_finding_severity", "Worst severity that scanning the image found."),
        strings("snapshot_ids", "Snapshots that its disks are made from."),
        boolean("encrypted", "Whether all its disks are encrypted."),
        boolean("public", "Whether everyone may launch it."),
        strings("shared_with", "Accounts that may launch it."),
        strings("shared_with_org_arns", "Organizations and units that may launch it."),
    ),
    permissions=("ec2:DescribeInstances", "ec2:DescribeImages", "ec2:DescribeImageAttribute"),
    fetch=fetch,
    transform=transform,
)
