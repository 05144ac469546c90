/*
title = "Members of groups"
description = "Instances that a controller itself lists as members of its group: Auto Scaling group, scale set, managed instance group. Tags that claim membership do not count."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
instance_resource_id = "Globally unique id of the instance."
group_resource_id = "Globally unique id of the group."
template = "Template or model version that the controller made it from."
is_current = "Whether that is the newest model; empty where the controller does not say."
*/
SELECT
    cloud, account_id, region,
    resource_id AS instance_resource_id,
    group_arn AS group_resource_id,
    coalesce(launch_template_id || ':' || launch_template_version, launch_configuration_name)
        AS template,
    NULL::BOOLEAN AS is_current
FROM aws_autoscaling_instances
WHERE group_arn IS NOT NULL
UNION ALL
SELECT
    cloud, account_id, region,
    coalesce(virtual_machine_id, resource_id),
    scale_set_id,
    scale_set_id,
    latest_model_applied
FROM azure_compute_virtual_machine_scale_set_vms
UNION ALL
SELECT cloud, account_id, region, instance_id, group_id, instance_template, NULL
FROM gcp_compute_managed_instances
