"""Auto Scaling instances: which instances are members of which group, as the service says.

Tags can be set by anybody; only this listing makes an instance a member.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each member with the ARN of its group, which the listing of members lacks."""
    groups = scope.pages(
        "DescribeAutoScalingGroups",
        "AutoScalingGroups",
        "autoscaling",
        IncludeInstances=False,
        MaxRecords=100,
    )
    arns = {raw["AutoScalingGroupName"]: raw.get("AutoScalingGroupARN") for raw in groups}
    for raw in scope.pages(
        "DescribeAutoScalingInstances",
        "AutoScalingInstances",
        "autoscaling",
        IncludeManagedResources=True,
        MaxRecords=50,
    ):
        yield {**raw, "AutoScalingGroupARN": arns.get(raw["AutoScalingGroupName"])}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one member, under the resource_id of the instance."""
    instance_id, template = raw["InstanceId"], raw.get("LaunchTemplate") or {}
    state = raw.get("LifecycleState")
    return {
        **ec2_common(scope, ec2_arn(scope, "instance", instance_id), raw),
        "incarnation_id": instance_id,
        "instance_id": instance_id,
        "group_name": raw["AutoScalingGroupName"],
        "group_arn": raw.get("AutoScalingGroupARN"),
        "lifecycle_state": state,
        "is_standby": "Standby" in (state or ""),
        "health_status": raw.get("HealthStatus"),
        "protected_from_scale_in": raw.get("ProtectedFromScaleIn"),
        "launch_configuration_name": raw.get("LaunchConfigurationName"),
        "launch_template_id": template.get("LaunchTemplateId"),
        "launch_template_name": template.get("LaunchTemplateName"),
        "launch_template_version": template.get("Version"),
        "image_id": raw.get("ImageId"),
        "instance_type": raw.get("InstanceType"),
        "availability_zone": raw.get("AvailabilityZone"),
        "weighted_capacity": raw.get("WeightedCapacity"),
    }


TABLE = ResourceTable(
    title="Auto Scaling instances",
    description="Members of Auto Scaling groups, confirmed by the service.",
    columns=(
        text("instance_id", "Id of the instance."),
        text("group_name", "Group that it is a member of."),
        text("group_arn", "resource_id of that group."),
        text(
            "lifecycle_state", "Pending, InService, Standby, Terminating and so on.", volatile=True
        ),
        boolean("is_standby", "Whether it was taken out of service and kept."),
        text("health_status", "HEALTHY or UNHEALTHY.", volatile=True),
        boolean("protected_from_scale_in", "Whether scaling in leaves it alone."),
        text("launch_configuration_name", "Launch configuration that it was launched from."),
        text("launch_template_id", "Launch template that it was launched from."),
        text("launch_template_name", "Name of that launch template."),
        text("launch_template_version", "Version that it was launched from."),
        text("image_id", "Image that the group launched it from."),
        text("instance_type", "Hardware type."),
        text("availability_zone", "Availability zone."),
        text("weighted_capacity", "What it counts towards the capacity of the group."),
    ),
    permissions=(
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
    ),
    fetch=fetch,
    transform=transform,
    gone={"lifecycle_state": ("Terminated", "Warmed:Terminated", "Detached")},
    owner="group_arn",
)
