/*
title = "Attachments of policies to instances"
description = "Which policy applies to which instance, and at which level; one row for each pair and level."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region of the instance."
instance_resource_id = "Globally unique id of the instance."
interface_id = "Network interface that the policy applies at; empty where it applies to the instance."
policy_id = "Short id of the policy, as in the view policies."
level = "interface, subnet or network."
*/
SELECT
    cloud, account_id, region,
    instance_arn AS instance_resource_id,
    resource_id AS interface_id,
    unnest(security_group_ids) AS policy_id,
    'interface' AS level
FROM aws_ec2_network_interfaces
WHERE instance_arn IS NOT NULL
UNION ALL
SELECT n.cloud, n.account_id, n.region, n.instance_arn, n.resource_id, a.network_acl_id, 'subnet'
FROM aws_ec2_network_interfaces AS n
JOIN aws_ec2_network_acls AS a
    ON a.account_id = n.account_id AND a.region = n.region
    AND list_contains(a.subnet_ids, n.subnet_id)
WHERE n.instance_arn IS NOT NULL
UNION ALL
SELECT
    cloud, account_id, region, machine_id, resource_id, network_security_group_id, 'interface'
FROM azure_network_interfaces
WHERE machine_id IS NOT NULL AND network_security_group_id IS NOT NULL
UNION ALL
SELECT
    n.cloud, n.account_id, n.region, n.machine_id, n.resource_id, s.network_security_group_id,
    'subnet'
FROM azure_network_interfaces AS n
JOIN azure_network_subnets AS s
    ON s.account_id = n.account_id AND list_contains(n.subnet_ids, s.resource_id)
WHERE n.machine_id IS NOT NULL AND s.network_security_group_id IS NOT NULL
UNION ALL
SELECT i.cloud, i.account_id, i.region, i.resource_id, NULL, f.name, 'network'
FROM gcp_compute_instances AS i
JOIN gcp_compute_firewalls AS f
    ON f.account_id = i.account_id AND list_contains(i.networks, f.network)
WHERE NOT coalesce(f.disabled, false)
    AND (
        (len(f.target_tags) = 0 AND len(f.target_service_accounts) = 0)
        OR list_has_any(f.target_tags, i.network_tags)
        OR list_has_any(f.target_service_accounts, i.service_account_emails)
    )
