/*
title = "Templates of groups"
description = "What groups make their members from: versions of launch templates, launch configurations, models of scale sets, instance templates. One that names no image says nothing about members and is left out."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region of the template."
template = "Template, in the words of the view groups."
resource_id = "Globally unique id of the template."
table_name = "The table that holds all columns of this template."
names = "Names of the columns that it sets."
facts = "What it sets them to, as texts in the order of names; empty where it leaves one open."
*/
WITH launches AS (
    SELECT
        cloud, account_id, region,
        launch_template_id || ':' || version_number AS template,
        resource_id,
        'aws_ec2_launch_template_versions' AS table_name,
        image_id, instance_type, iam_instance_profile, security_group_ids, key_name,
        metadata_http_tokens, metadata_http_endpoint, metadata_hop_limit, user_data_sha256,
        associate_public_ip
    FROM aws_ec2_launch_template_versions
    UNION ALL
    SELECT
        cloud, account_id, region, launch_configuration_name, resource_id,
        'aws_autoscaling_launch_configurations',
        image_id, instance_type, iam_instance_profile, security_groups, key_name,
        metadata_http_tokens, metadata_http_endpoint, metadata_hop_limit, user_data_sha256,
        associate_public_ip
    FROM aws_autoscaling_launch_configurations
)

SELECT
    cloud, account_id, region, template, resource_id, table_name,
    [
        'image_id', 'instance_type', 'iam_instance_profile', 'security_group_ids', 'key_name',
        'metadata_http_tokens', 'metadata_http_endpoint', 'metadata_hop_limit',
        'user_data_sha256', 'has_public_ip'
    ] AS names,
    [
        CASE WHEN NOT starts_with(image_id, 'resolve:') THEN image_id END,
        instance_type,
        coalesce(nullif(regexp_extract(iam_instance_profile, '[^/]+$'), ''), 'none'),
        nullif(array_to_string(security_group_ids, ' '), ''),
        coalesce(nullif(key_name, ''), 'none'),
        metadata_http_tokens,
        metadata_http_endpoint,
        metadata_hop_limit::VARCHAR,
        coalesce(user_data_sha256, 'none'),
        associate_public_ip::VARCHAR
    ] AS facts
FROM launches
WHERE image_id IS NOT NULL
UNION ALL
SELECT
    cloud, account_id, region, resource_id, resource_id, 'azure_compute_virtual_machine_scale_sets',
    [
        'image', 'vm_size', 'identity', 'network_security_group_ids', 'ssh_public_keys',
        'has_public_ip', 'secure_boot_enabled', 'encryption_at_host', 'extensions'
    ],
    [
        coalesce(image_id, concat_ws(':', image_publisher, image_offer, image_sku)),
        vm_size,
        coalesce(nullif(concat_ws(' ', CASE WHEN system_assigned_identity THEN 'system-assigned' END,
            nullif(array_to_string(identity_ids, ' '), '')), ''), 'none'),
        coalesce(nullif(array_to_string(network_security_group_ids, ' '), ''), 'none'),
        coalesce(nullif(array_to_string(ssh_public_keys, ' '), ''), 'none'),
        coalesce(has_public_ip, false)::VARCHAR,
        coalesce(secure_boot_enabled, false)::VARCHAR,
        coalesce(encryption_at_host, false)::VARCHAR,
        coalesce(nullif(array_to_string(extensions, ' '), ''), 'none')
    ]
FROM azure_compute_virtual_machine_scale_sets
WHERE coalesce(image_id, image_publisher) IS NOT NULL
UNION ALL
SELECT
    cloud, account_id, region, resource_id, resource_id, 'gcp_compute_instance_templates',
    [
        'image', 'image_project', 'machine_type', 'service_account_emails',
        'service_account_scopes', 'network_tags', 'has_public_ip', 'can_ip_forward', 'secure_boot',
        'ssh_keys', 'startup_script_hash', 'user_data_hash', 'serial_port_enable'
    ],
    [
        CASE WHEN NOT contains(disk_source_images[1], '/family/') THEN disk_source_images[1] END,
        regexp_extract(disk_source_images[1], 'projects/([^/]+)/', 1),
        machine_type,
        CASE WHEN NOT list_contains(service_account_emails, 'default')
            THEN coalesce(nullif(array_to_string(service_account_emails, ' '), ''), 'none') END,
        coalesce(nullif(array_to_string(service_account_scopes, ' '), ''), 'none'),
        coalesce(nullif(array_to_string(network_tags, ' '), ''), 'none'),
        coalesce(has_public_ip, false)::VARCHAR,
        coalesce(can_ip_forward, false)::VARCHAR,
        secure_boot::VARCHAR,
        coalesce(nullif(array_to_string(ssh_keys, ' '), ''), 'none'),
        coalesce(startup_script_hash, 'none'),
        coalesce(user_data_hash, 'none'),
        coalesce(serial_port_enable, false)::VARCHAR
    ]
FROM gcp_compute_instance_templates
WHERE len(disk_source_images) > 0
