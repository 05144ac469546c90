/*
title = "Security policies"
description = "What carries rules that allow or deny traffic, one row each."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the policy."
name = "Name of the policy."
tags = "Tags or labels as an object."
table_name = "The table that holds all columns of this policy."
kind = "security_group, network_acl, network_security_group, firewall or firewall_policy."
policy_id = "Short id by which instances and rules refer to it."
network_id = "Network that it belongs to."
description = "Description that people gave it."
*/
SELECT
    cloud, account_id, region, resource_id, name, tags,
    'aws_ec2_security_groups' AS table_name,
    'security_group' AS kind,
    group_id AS policy_id,
    vpc_id AS network_id,
    description
FROM aws_ec2_security_groups
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    'aws_ec2_network_acls', 'network_acl', network_acl_id, vpc_id, NULL
FROM aws_ec2_network_acls
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    'azure_network_security_groups', 'network_security_group', resource_id, NULL, NULL
FROM azure_network_security_groups
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    'gcp_compute_firewalls', 'firewall', name, network, description
FROM gcp_compute_firewalls
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    'gcp_compute_network_firewall_policies', 'firewall_policy', resource_id, NULL, description
FROM gcp_compute_network_firewall_policies
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    'gcp_compute_firewall_policies', 'firewall_policy', resource_id, NULL, description
FROM gcp_compute_firewall_policies
