/*
title = "Weak combinations"
description = "Instances of which two properties are weak together, each of which may be in order alone."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the instance."
table_name = "The table that holds all columns of this instance."
combination = "Which combination it is."
meaning = "What it means, in one line."
*/
SELECT
    cloud, account_id, region, resource_id, 'aws_ec2_instances' AS table_name,
    'metadata' AS combination,
    'IMDSv1 answers with a hop limit of ' || metadata_hop_limit
    || ': containers and proxies on it get the credentials of its role' AS meaning
FROM aws_ec2_instances
WHERE metadata_http_tokens = 'optional' AND coalesce(metadata_http_endpoint, 'enabled') = 'enabled'
    AND metadata_hop_limit > 1 AND iam_instance_profile_arn IS NOT NULL
UNION ALL
SELECT
    m.cloud, m.account_id, m.region, m.resource_id, 'azure_compute_virtual_machines', 'password',
    'it has a public address and lets people log in by password'
FROM azure_compute_virtual_machines AS m
SEMI JOIN azure_network_interfaces AS n
    ON n.account_id = m.account_id AND n.machine_id = m.resource_id AND n.has_public_ip
WHERE NOT m.disable_password_authentication
UNION ALL
SELECT
    cloud, account_id, region, resource_id, 'gcp_compute_instances', 'access',
    'it has a public address and its service account may call every API'
FROM gcp_compute_instances
WHERE has_public_ip AND has_full_api_access
