/*
table = "unsure"
title = "Instances whose groups were not read this time"
description = "Instances that are listed as members, or say that they are, where a table of groups that is in the baseline could not be read: nobody knows whether scaling explains them."
*/
WITH lost AS (
    SELECT DISTINCT b.cloud, b.account_id, b.region
    FROM baseline.coverage AS b
    LEFT JOIN snapshot.coverage AS s USING (table_name, cloud, account_id, region)
    WHERE s.status IS DISTINCT FROM 'complete'
        AND b.table_name IN (
            'aws_autoscaling_groups', 'aws_autoscaling_instances', 'aws_ec2_launch_templates',
            'aws_ec2_launch_template_versions', 'aws_autoscaling_launch_configurations',
            'azure_compute_virtual_machine_scale_sets',
            'azure_compute_virtual_machine_scale_set_vms', 'gcp_compute_instance_group_managers',
            'gcp_compute_managed_instances', 'gcp_compute_instance_templates'
        )
),

said AS (
    SELECT cloud, account_id, region, instance_resource_id FROM snapshot.claims
    UNION ALL
    SELECT cloud, account_id, region, instance_resource_id FROM snapshot.groups
    UNION ALL
    SELECT cloud, account_id, region, instance_resource_id FROM baseline.claims
    UNION ALL
    SELECT cloud, account_id, region, instance_resource_id FROM baseline.groups
)

SELECT DISTINCT m.account_id, m.instance_resource_id AS resource_id
FROM said AS m
SEMI JOIN lost AS l
    ON l.cloud = m.cloud AND l.account_id = m.account_id AND l.region IN (m.region, 'global', '*')
