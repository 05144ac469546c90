/*
title = "Groups of instances"
description = "Auto Scaling groups, scale sets and managed instance groups, one row each."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region; empty or global where the group is in several."
group_resource_id = "Globally unique id of the group."
incarnation_id = "What changes when a group is recreated under the same id."
name = "Name that people gave it."
table_name = "The table that holds all columns of this group."
template = "Template that it makes members from, in the words of the view groups."
templates = "All templates that it may use; one whose version could not be read keeps its $."
alternatives = "Images and hardware types that it may use in place of its template's."
*/
WITH pins AS (
    SELECT
        account_id, region, resource_id,
        unnest(list_distinct(list_concat(
            launch_templates, [launch_template_id || ' ' || launch_template_version]
        ))) AS pin,
        launch_template_id || ' ' || launch_template_version AS main
    FROM aws_autoscaling_groups
    WHERE launch_template_id IS NOT NULL
),

versions AS (
    SELECT
        p.account_id, p.region, p.resource_id,
        p.pin = p.main AS is_main,
        split_part(p.pin, ' ', 1) || ':' || coalesce(
            CASE split_part(p.pin, ' ', 2)
                WHEN '$Latest' THEN t.latest_version::VARCHAR
                WHEN '$Default' THEN t.default_version::VARCHAR
            END,
            split_part(p.pin, ' ', 2)
        ) AS template
    FROM pins AS p
    LEFT JOIN aws_ec2_launch_templates AS t
        ON t.account_id = p.account_id AND t.region = p.region
        AND t.launch_template_id = split_part(p.pin, ' ', 1)
),

resolved AS (
    SELECT
        account_id, region, resource_id,
        any_value(template) FILTER (is_main) AS template,
        list(DISTINCT template ORDER BY template) AS templates
    FROM versions
    GROUP BY account_id, region, resource_id
)

SELECT
    g.cloud, g.account_id, g.region,
    g.resource_id AS group_resource_id,
    g.incarnation_id, g.name,
    'aws_autoscaling_groups' AS table_name,
    coalesce(r.template, g.launch_configuration_name) AS template,
    coalesce(r.templates, [g.launch_configuration_name]) AS templates,
    list_concat(g.override_instance_types, g.override_image_ids) AS alternatives
FROM aws_autoscaling_groups AS g
LEFT JOIN resolved AS r
    ON r.account_id = g.account_id AND r.region = g.region AND r.resource_id = g.resource_id
UNION ALL
SELECT
    cloud, account_id, region, resource_id, incarnation_id, name,
    'azure_compute_virtual_machine_scale_sets', resource_id, [resource_id], vm_sizes
FROM azure_compute_virtual_machine_scale_sets
UNION ALL
SELECT
    cloud, account_id, region, resource_id, incarnation_id, name,
    'gcp_compute_instance_group_managers',
    instance_template,
    list_sort(list_distinct(list_concat(
        list_transform(versions, lambda x: split_part(x, ' ', 1)), [instance_template]
    ))),
    flexible_machine_types
FROM gcp_compute_instance_group_managers
