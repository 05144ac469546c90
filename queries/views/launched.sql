/*
title = "Instances as their templates would say it"
description = "What instances really have of what templates set, in the order of the view templates; what was not read is empty."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
instance_resource_id = "Globally unique id of the instance."
facts = "What it has, as texts in the order of the names of its cloud's templates."
*/
SELECT
    i.cloud, i.account_id, i.region,
    i.resource_id AS instance_resource_id,
    [
        i.image_id,
        i.instance_type,
        coalesce(nullif(regexp_extract(i.iam_instance_profile_arn, '[^/]+$'), ''), 'none'),
        array_to_string(i.security_group_ids, ' '),
        coalesce(nullif(i.key_name, ''), 'none'),
        i.metadata_http_tokens,
        i.metadata_http_endpoint,
        i.metadata_hop_limit::VARCHAR,
        CASE WHEN a.resource_id IS NOT NULL THEN coalesce(a.user_data_sha256, 'none') END,
        i.has_public_ip::VARCHAR
    ] AS facts
FROM aws_ec2_instances AS i
LEFT JOIN aws_ec2_instance_attributes AS a
    ON a.account_id = i.account_id AND a.region = i.region AND a.resource_id = i.resource_id
UNION ALL
SELECT
    i.cloud, i.account_id, i.region, i.resource_id,
    [
        i.image_id,
        i.instance_type,
        coalesce(i.identity, 'none'),
        coalesce(nullif(array_to_string(i.policy_ids, ' '), ''), 'none'),
        coalesce(nullif(array_to_string(coalesce(m.ssh_public_keys, v.ssh_public_keys), ' '), ''), 'none'),
        i.has_public_ip::VARCHAR,
        coalesce(m.secure_boot_enabled, v.secure_boot_enabled, false)::VARCHAR,
        coalesce(m.encryption_at_host, v.encryption_at_host, false)::VARCHAR,
        CASE WHEN len(m.extensions) > 0 THEN array_to_string(m.extensions, ' ') END
    ]
FROM instances AS i
LEFT JOIN azure_compute_virtual_machines AS v
    ON v.account_id = i.account_id AND v.region = i.region AND v.resource_id = i.resource_id
LEFT JOIN azure_compute_virtual_machine_scale_set_vms AS m
    ON m.account_id = i.account_id AND m.region = i.region AND m.resource_id = i.resource_id
WHERE i.cloud = 'azure'
UNION ALL
SELECT
    g.cloud, g.account_id, g.region, g.resource_id,
    [
        d.source_image,
        regexp_extract(d.source_image, 'projects/([^/]+)/', 1),
        g.machine_type,
        coalesce(nullif(array_to_string(g.service_account_emails, ' '), ''), 'none'),
        coalesce(nullif(array_to_string(g.service_account_scopes, ' '), ''), 'none'),
        coalesce(nullif(array_to_string(g.network_tags, ' '), ''), 'none'),
        coalesce(g.has_public_ip, false)::VARCHAR,
        coalesce(g.can_ip_forward, false)::VARCHAR,
        g.secure_boot::VARCHAR,
        coalesce(nullif(array_to_string(g.ssh_keys, ' '), ''), 'none'),
        coalesce(g.startup_script_hash, 'none'),
        coalesce(g.user_data_hash, 'none'),
        coalesce(g.serial_port_enable, false)::VARCHAR
    ]
FROM gcp_compute_instances AS g
LEFT JOIN gcp_compute_disks AS d ON d.resource_id = g.boot_disk_ids[1]
