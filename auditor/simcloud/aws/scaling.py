"""Auto Scaling groups and their members, in the words of the Auto Scaling API."""

from __future__ import annotations

from auditor.simcloud.aws import templates
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.machines import ROOT, TEMPLATE_VERSION, Machines
from auditor.simcloud.aws.seeding import PUBLIC_SUBNETS, SUBNETS
from auditor.simcloud.aws.wire import Resource

EVERY_MIXED = 4
"""One scaling group in so many has a policy of mixed instances."""
LEGACY = "legacy-batch"
"""The group that still uses a launch configuration; it has no members."""


def fill(region: Region, machines: Machines) -> None:
    """Add the scaling groups, their members, and a launch configuration."""
    slots = machines.scaled_slots
    own = range(machines.own)
    members: list[int] = []
    for vpc, slot in slots:
        numbers = [index for index in machines.slot_instances(vpc, slot) if index in own]
        ids = [machines.id("i", index) for index in numbers]
        region.members_of[machines.scaling_group(vpc, slot)] = ids
        members += numbers
    region.members.fill(
        (id_ for ids in region.members_of.values() for id_ in ids),
        lambda index: _member(machines, members[index]),
    )
    region.scaling_groups.fill(
        region.members_of, lambda index: _group(region, machines, *slots[index])
    )
    if machines.count:
        _legacy(region, machines)


def member(instance: Resource, group: str, template: Resource, version: str) -> Resource:
    """Make what an Auto Scaling group says of one of its instances."""
    placement = instance["placement"]
    return {
        "InstanceId": instance["instanceId"],
        "InstanceType": instance["instanceType"],
        "AutoScalingGroupName": group,
        "AvailabilityZone": placement["availabilityZone"],
        "AvailabilityZoneId": placement["availabilityZoneId"],
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "LaunchTemplate": {
            "LaunchTemplateId": template["launchTemplateId"],
            "LaunchTemplateName": template["launchTemplateName"],
            "Version": version,
        },
        "ImageId": instance["imageId"],
        "ProtectedFromScaleIn": False,
    }


def _member(machines: Machines, index: int) -> Resource:
    place = machines.place(index)
    instance = {
        "instanceId": machines.id("i", index),
        "instanceType": machines.kind(index)[0],
        "imageId": machines.id("ami", machines.image(index)),
        "placement": {
            "availabilityZone": machines.zone(place.subnet),
            "availabilityZoneId": machines.zone_id(place.subnet),
        },
    }
    template = {
        "launchTemplateId": machines.id("lt", place.unit),
        "launchTemplateName": templates.template_name(machines, place.vpc, place.slot),
    }
    name = machines.scaling_group(place.vpc, place.slot)
    return member(instance, name, template, str(TEMPLATE_VERSION))


def _group(region: Region, machines: Machines, vpc: int, slot: int) -> Resource:
    number, role = machines.group_index(vpc, slot), machines.role(slot)
    name = machines.scaling_group(vpc, slot)
    public = machines.faces_internet(role)
    subnets = range(PUBLIC_SUBNETS) if public else range(PUBLIC_SUBNETS, SUBNETS)
    specification = {
        "LaunchTemplateId": machines.id("lt", number),
        "LaunchTemplateName": templates.template_name(machines, vpc, slot),
        "Version": (templates.DEFAULT, templates.LATEST, str(TEMPLATE_VERSION))[slot % 3],
    }
    tags = machines.role_tags(role, slot)
    return {
        **_common(machines, name, len(region.members_of[name]), number),
        **_launches(machines, number, specification),
        "AvailabilityZones": [machines.zone(subnet) for subnet in subnets],
        "AvailabilityZoneIds": [machines.zone_id(subnet) for subnet in subnets],
        "VPCZoneIdentifier": ",".join(
            machines.id("subnet", vpc * SUBNETS + subnet) for subnet in subnets
        ),
        "Tags": [
            {
                "ResourceId": name,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
            }
            for key, value in tags.items()
        ],
    }


def _launches(machines: Machines, number: int, specification: Resource) -> Resource:
    if number % EVERY_MIXED:
        return {"LaunchTemplate": specification}
    type_, _ = machines.unit_kind(number, scaled=True)
    return {
        "MixedInstancesPolicy": {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": specification,
                "Overrides": [{"InstanceType": type_}],
            },
            "InstancesDistribution": {
                "OnDemandAllocationStrategy": "prioritized",
                "OnDemandBaseCapacity": 0,
                "OnDemandPercentageAboveBaseCapacity": 100,
                "SpotAllocationStrategy": "price-capacity-optimized",
            },
        }
    }


def _common(machines: Machines, name: str, size: int, number: int) -> Resource:
    account, digits = machines.account, f"{machines.number('asg', number):016x}"
    unique = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[1:4]}-{digits[:12]}"
    linked = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    return {
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": f"arn:aws:autoscaling:{machines.region}:{account}"
        f":autoScalingGroup:{unique}:autoScalingGroupName/{name}",
        "MinSize": min(1, size),
        "MaxSize": 2 * size,
        "DesiredCapacity": size,
        "DefaultCooldown": 300,
        "LoadBalancerNames": [],
        "TargetGroupARNs": [],
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 300,
        "CreatedTime": machines.time("asg", number, first=-60, days=60),
        "SuspendedProcesses": [],
        "EnabledMetrics": [],
        "TerminationPolicies": ["Default"],
        "NewInstancesProtectedFromScaleIn": False,
        "ServiceLinkedRoleARN": f"arn:aws:iam::{account}:role/{linked}",
        "TrafficSources": [],
    }


def _legacy(region: Region, machines: Machines) -> None:
    created = machines.time("lc", 0, first=-60, days=60)
    region.launch_configurations.add(
        LEGACY,
        {
            "LaunchConfigurationName": LEGACY,
            "LaunchConfigurationARN": f"arn:aws:autoscaling:{region.name}:{region.account}"
            f":launchConfiguration:{machines.number('lc', 0):016x}"
            f":launchConfigurationName/{LEGACY}",
            "ImageId": machines.id("ami", 0),
            "KeyName": "ops-prod",
            "SecurityGroups": machines.group_ids(0, 1, 0)[:1],
            "ClassicLinkVPCSecurityGroups": [],
            "UserData": machines.script(machines.role(1), LEGACY),
            "InstanceType": "t3.medium",
            "BlockDeviceMappings": [
                {"DeviceName": ROOT, "Ebs": {"VolumeSize": 30, "Encrypted": True}}
            ],
            "InstanceMonitoring": {"Enabled": True},
            "CreatedTime": created,
            "EbsOptimized": False,
            "AssociatePublicIpAddress": False,
            "MetadataOptions": {"HttpTokens": "optional", "HttpEndpoint": "enabled"},
        },
    )
    region.scaling_groups.add(
        f"asg-{LEGACY}",
        {
            **_common(machines, f"asg-{LEGACY}", 0, -1),
            "LaunchConfigurationName": LEGACY,
            "AvailabilityZones": [machines.zone(PUBLIC_SUBNETS)],
            "VPCZoneIdentifier": machines.id("subnet", PUBLIC_SUBNETS),
            "Tags": [],
        },
    )
