"""Auto Scaling groups: one row each: the template, the bounds and the places of its instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.launch import canonical
from auditor.collect.aws.templates import main_template, overrides, pins
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    common,
    integer,
    sorted_set,
    strings,
    tags_from_pairs,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each group without its instances, which `aws_autoscaling_instances` holds."""
    yield from scope.pages(
        "DescribeAutoScalingGroups",
        "AutoScalingGroups",
        "autoscaling",
        IncludeInstances=False,
        MaxRecords=100,
    )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one group; its ARN holds a number that a new group of that name lacks."""
    arn, name = raw["AutoScalingGroupARN"], raw["AutoScalingGroupName"]
    kept = {key: value for key, value in raw.items() if key != "Instances"}
    tags = tags_from_pairs(raw.get("Tags"))
    return {
        **common(scope, arn, name=name, tags=tags, raw=kept),
        "incarnation_id": arn,
        "group_name": name,
        "created_time": raw.get("CreatedTime"),
        "status": raw.get("Status"),
        **_template(raw),
        **_size(raw),
        **_places(raw),
        **_behaviour(raw),
    }


def _template(raw: Raw) -> dict[str, Any]:
    pin = main_template(raw)
    mixed = raw.get("MixedInstancesPolicy") or {}
    spread = mixed.get("InstancesDistribution") or {}
    replaced = overrides(raw)
    return {
        "launch_configuration_name": raw.get("LaunchConfigurationName"),
        "launch_template_id": pin.template_id if pin else None,
        "launch_template_name": pin.template_name if pin else None,
        "launch_template_version": pin.version if pin else None,
        "launch_templates": sorted_set(str(pin) for pin in pins(raw)),
        "is_mixed": bool(mixed),
        "overrides": sorted_set(canonical(item) for item in replaced),
        "override_instance_types": sorted_set(item.get("InstanceType") for item in replaced),
        "override_image_ids": sorted_set(item.get("ImageId") for item in replaced),
        "on_demand_base_capacity": spread.get("OnDemandBaseCapacity"),
        "on_demand_percentage": spread.get("OnDemandPercentageAboveBaseCapacity"),
        "spot_max_price": spread.get("SpotMaxPrice"),
    }


def _size(raw: Raw) -> dict[str, Any]:
    pool = raw.get("WarmPoolConfiguration") or {}
    return {
        "min_size": raw.get("MinSize"),
        "max_size": raw.get("MaxSize"),
        "desired_capacity": raw.get("DesiredCapacity"),
        "desired_capacity_type": raw.get("DesiredCapacityType"),
        "max_instance_lifetime": raw.get("MaxInstanceLifetime"),
        "warm_pool_min_size": pool.get("MinSize"),
        "warm_pool_max_prepared": pool.get("MaxGroupPreparedCapacity"),
        "warm_pool_state": pool.get("PoolState"),
    }


def _places(raw: Raw) -> dict[str, Any]:
    subnets = str(raw.get("VPCZoneIdentifier") or "").split(",")
    return {
        "subnet_ids": sorted_set(subnet.strip() or None for subnet in subnets),
        "availability_zones": sorted_set(raw.get("AvailabilityZones") or ()),
        "placement_group": raw.get("PlacementGroup"),
        "load_balancer_names": sorted_set(raw.get("LoadBalancerNames") or ()),
        "target_group_arns": sorted_set(raw.get("TargetGroupARNs") or ()),
        "traffic_sources": sorted_set(s.get("Identifier") for s in raw.get("TrafficSources") or ()),
    }


def _behaviour(raw: Raw) -> dict[str, Any]:
    return {
        "health_check_type": raw.get("HealthCheckType"),
        "new_instances_protected": raw.get("NewInstancesProtectedFromScaleIn"),
        "deletion_protection": raw.get("DeletionProtection"),
        "suspended_processes": sorted_set(
            process.get("ProcessName") for process in raw.get("SuspendedProcesses") or ()
        ),
        "termination_policies": sorted_set(raw.get("TerminationPolicies") or ()),
        "capacity_rebalance": raw.get("CapacityRebalance"),
        "service_linked_role_arn": raw.get("ServiceLinkedRoleARN"),
        "propagated_tags": sorted_set(
            tag.get("Key") for tag in raw.get("Tags") or () if tag.get("PropagateAtLaunch")
        ),
        "operator_principal": (raw.get("Operator") or {}).get("Principal"),
    }


TABLE = ResourceTable(
    title="Auto Scaling groups",
    description="Groups that launch and end instances by themselves, and what they launch.",
    columns=(
        text("group_name", "Name of the group; unique in its region."),
        timestamp("created_time", "When it was created."),
        text("status", "Delete in progress, or nothing.", volatile=True),
        text("launch_configuration_name", "Launch configuration that it launches from."),
        text("launch_template_id", "Launch template that it launches from."),
        text("launch_template_name", "Name of that launch template."),
        text("launch_template_version", "Number of its version, $Default or $Latest."),
        strings("launch_templates", "All templates with versions, those of overrides too."),
        boolean("is_mixed", "Whether it has a mixed instances policy."),
        strings("overrides", "Overrides of that policy, as JSON texts."),
        strings("override_instance_types", "Hardware types that overrides name."),
        strings("override_image_ids", "Images that overrides name."),
        integer("on_demand_base_capacity", "Instances that are never spot instances."),
        integer("on_demand_percentage", "Share of the others that are not spot instances."),
        text("spot_max_price", "Most that is paid for a spot instance."),
        integer("min_size", "Fewest instances."),
        integer("max_size", "Most instances."),
        integer("desired_capacity", "Instances wanted now.", volatile=True),
        text("desired_capacity_type", "What capacity is counted in."),
        integer("max_instance_lifetime", "Seconds after which an instance is replaced."),
        integer("warm_pool_min_size", "Fewest instances that are kept prepared."),
        integer("warm_pool_max_prepared", "Most instances that are prepared or in service."),
        text("warm_pool_state", "Stopped, Running or Hibernated."),
        strings("subnet_ids", "Subnets that it launches into."),
        strings("availability_zones", "Availability zones that it launches into."),
        text("placement_group", "Placement group."),
        strings("load_balancer_names", "Classic load balancers that send traffic to it."),
        strings("target_group_arns", "Target groups of load balancers."),
        strings("traffic_sources", "Everything that sends traffic to it."),
        text("health_check_type", "What says that an instance is to be replaced."),
        boolean("new_instances_protected", "Whether new instances are safe from scaling in."),
        text("deletion_protection", "none, prevent-force-deletion or prevent-all-deletion."),
        strings("suspended_processes", "What the group does not do at present."),
        strings("termination_policies", "What is ended first; their order is in the document."),
        boolean("capacity_rebalance", "Whether spot instances at risk are replaced early."),
        text("service_linked_role_arn", "Role that it calls other services with."),
        strings("propagated_tags", "Keys of the tags that its instances get."),
        text("operator_principal", "AWS service that manages it."),
    ),
    permissions=("autoscaling:DescribeAutoScalingGroups",),
    fetch=fetch,
    transform=transform,
)
