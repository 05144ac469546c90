"""Auto Scaling launch configurations: one row each; they cannot be changed, only replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.launch import (
    disk_columns,
    disk_values,
    metadata_columns,
    metadata_values,
)
from auditor.collect.aws.userdata import without_user_data
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    common,
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
    """Yield each launch configuration, user data as a hash."""
    for raw in scope.pages(
        "DescribeLaunchConfigurations", "LaunchConfigurations", "autoscaling", MaxRecords=100
    ):
        yield without_user_data(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one launch configuration."""
    kept = without_user_data(raw)
    arn, user_data = raw["LaunchConfigurationARN"], kept.get("UserData") or {}
    return {
        **common(scope, arn, name=raw.get("LaunchConfigurationName"), raw=kept),
        "incarnation_id": arn,
        "launch_configuration_name": raw.get("LaunchConfigurationName"),
        "created_time": raw.get("CreatedTime"),
        "image_id": raw.get("ImageId"),
        "instance_type": raw.get("InstanceType"),
        "kernel_id": raw.get("KernelId"),
        "ramdisk_id": raw.get("RamdiskId"),
        "key_name": raw.get("KeyName"),
        "iam_instance_profile": raw.get("IamInstanceProfile"),
        "user_data_sha256": user_data.get("Sha256"),
        "user_data_length": user_data.get("Length"),
        "monitoring": (raw.get("InstanceMonitoring") or {}).get("Enabled"),
        "spot_price": raw.get("SpotPrice"),
        "associate_public_ip": raw.get("AssociatePublicIpAddress"),
        "security_groups": sorted_set(raw.get("SecurityGroups") or ()),
        "classic_link_vpc_id": raw.get("ClassicLinkVPCId"),
        "tenancy": raw.get("PlacementTenancy"),
        **metadata_values(raw.get("MetadataOptions") or {}),
        **disk_values(raw.get("BlockDeviceMappings") or ()),
    }


TABLE = ResourceTable(
    title="Auto Scaling launch configurations",
    description="What groups without a launch template launch their instances from.",
    columns=(
        text("launch_configuration_name", "Name given at creation; unique in its region."),
        timestamp("created_time", "When it was created."),
        text("image_id", "Image."),
        text("instance_type", "Hardware type."),
        text("kernel_id", "Kernel image."),
        text("ramdisk_id", "RAM disk image."),
        text("key_name", "Name of the SSH key pair."),
        text("iam_instance_profile", "ARN or name of the instance profile."),
        text("user_data_sha256", "sha256 (hex) of the decoded user data."),
        integer("user_data_length", "Length of the decoded user data in bytes."),
        boolean("monitoring", "Whether detailed monitoring is on."),
        text("spot_price", "Most that is paid for a spot instance."),
        boolean("associate_public_ip", "Whether instances get a public IPv4 address."),
        strings("security_groups", "Security groups, by id or by name."),
        text("classic_link_vpc_id", "VPC that instances from before VPCs are linked to."),
        text("tenancy", "default or dedicated."),
        *metadata_columns(),
        *disk_columns(),
    ),
    permissions=("autoscaling:DescribeLaunchConfigurations",),
    fetch=fetch,
    transform=transform,
)
