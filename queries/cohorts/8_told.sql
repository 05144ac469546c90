/*
table = "told"
title = "Changes that a group's finding tells"
description = "Columns of launch templates whose default version changed and from which a group launches, and members of scale sets that wait for a changed model: the finding about the group or the set has them."
*/
WITH models AS (
    SELECT account_id, resource_id AS scale_set_id
    FROM changed_settings
    WHERE table_name = 'azure_compute_virtual_machine_scale_sets'
    UNION
    SELECT account_id, group_resource_id FROM cohort.groups WHERE is_known AND cloud = 'azure'
)

SELECT DISTINCT
    g.account_id,
    g.region,
    'aws_ec2_launch_templates' AS table_name,
    s.resource_id,
    unnest([
        'latest_version', 'default_image_id', 'default_iam_instance_profile', 'default_key_name',
        'default_metadata_http_tokens', 'default_metadata_http_endpoint',
        'default_metadata_hop_limit', 'default_user_data_sha256', 'default_associate_public_ip'
    ]) AS column_name
FROM cohort.groups AS g
JOIN snapshot.aws_ec2_launch_templates AS s
    ON s.account_id = g.account_id AND s.region = g.region
    AND s.launch_template_id = split_part(g.template, ':', 1)
WHERE g.is_known
    AND g.template <> g.old_template
    AND split_part(g.old_template, ':', 1) = s.launch_template_id
    AND split_part(g.template, ':', 2) IN (s.default_version::VARCHAR, s.latest_version::VARCHAR)
UNION ALL
SELECT s.account_id, s.region, 'azure_compute_virtual_machine_scale_set_vms', s.resource_id,
    'latest_model_applied'
FROM snapshot.azure_compute_virtual_machine_scale_set_vms AS s
SEMI JOIN models AS m ON m.account_id = s.account_id AND m.scale_set_id = s.scale_set_id
