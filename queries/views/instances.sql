/*
title = "Instances"
description = "Virtual machines of all clouds that exist, one row each."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the instance."
incarnation_id = "What changes when an instance is recreated under the same id."
name = "Name that people gave it."
tags = "Tags or labels as an object."
table_name = "The table that holds all columns of this instance."
state = "State in the provider's words."
instance_type = "Machine size in the provider's words."
image_id = "Image that it was started from; in GCP that of its boot disk."
network_id = "Network of its first interface."
subnet_id = "Subnetwork of its first interface."
has_public_ip = "Whether an interface has a public IPv4 address."
identity = "Role, identities or service accounts that its programs can use."
policy_ids = "What its policies are found by, sorted: security groups, NSGs, network tags."
key_name = "Name of the SSH key it was started with; AWS only."
*/
WITH azure_interfaces AS (
    SELECT
        machine_id,
        bool_or(has_public_ip) AS has_public_ip,
        min(virtual_network_ids[1]) AS network_id,
        min(subnet_ids[1]) AS subnet_id,
        list(DISTINCT network_security_group_id ORDER BY network_security_group_id)
            FILTER (network_security_group_id IS NOT NULL) AS policy_ids
    FROM azure_network_interfaces
    GROUP BY machine_id
)

SELECT
    cloud, account_id, region, resource_id, incarnation_id, name, tags,
    'aws_ec2_instances' AS table_name,
    state,
    instance_type,
    image_id,
    vpc_id AS network_id,
    subnet_id,
    has_public_ip,
    iam_instance_profile_arn AS identity,
    security_group_ids AS policy_ids,
    key_name
FROM aws_ec2_instances
UNION ALL
SELECT
    v.cloud, v.account_id, v.region, v.resource_id, v.incarnation_id, v.name, v.tags,
    'azure_compute_virtual_machines',
    v.power_state,
    v.vm_size,
    coalesce(v.image_id, concat_ws(':', v.image_publisher, v.image_offer, v.image_sku)),
    i.network_id,
    i.subnet_id,
    coalesce(i.has_public_ip, false),
    nullif(concat_ws(' ', CASE WHEN v.system_assigned_identity THEN 'system-assigned' END,
        array_to_string(v.identity_ids, ' ')), ''),
    coalesce(i.policy_ids, []),
    NULL
FROM azure_compute_virtual_machines AS v
LEFT JOIN azure_interfaces AS i ON i.machine_id = v.resource_id
UNION ALL
SELECT
    cloud, account_id, region, resource_id, incarnation_id, name, tags,
    'azure_compute_virtual_machine_scale_set_vms',
    NULL,
    vm_size,
    coalesce(image_id, concat_ws(':', image_publisher, image_offer, image_sku)),
    NULL,
    subnet_ids[1],
    has_public_ip,
    nullif(concat_ws(' ', CASE WHEN system_assigned_identity THEN 'system-assigned' END,
        array_to_string(identity_ids, ' ')), ''),
    network_security_group_ids,
    NULL
FROM azure_compute_virtual_machine_scale_set_vms
WHERE virtual_machine_id IS NULL
UNION ALL
SELECT
    g.cloud, g.account_id, g.region, g.resource_id, g.incarnation_id, g.name, g.tags,
    'gcp_compute_instances',
    g.status,
    g.machine_type,
    d.source_image,
    g.networks[1],
    g.subnetworks[1],
    g.has_public_ip,
    nullif(array_to_string(g.service_account_emails, ' '), ''),
    g.network_tags,
    NULL
FROM gcp_compute_instances AS g
LEFT JOIN gcp_compute_disks AS d ON d.resource_id = g.boot_disk_ids[1]
