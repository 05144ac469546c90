/*
table = "told"
title = "Changes that a group's finding tells"
description = "Columns of launch templates whose default version changed and from which a group launches: the group's finding has them."
*/
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
