/*
title = "Guardrails"
description = "What keeps people from changing resources and traffic from reaching them, beside the rules of policies: locks, policy assignments, network ACLs of subnets, the block on public access, rules that are imposed from above. And what is let through them: exemptions and exclusions. One row for each thing that it protects or lets through."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the guardrail, or of what it protects where it has none of its own there."
name = "Name of the guardrail."
table_name = "The table that tells of it."
kind = "lock, policy assignment, network ACL, security admin rules, firewall policy, block on public access; exemption or exclusion."
protects = "Globally unique id of what it protects, or of what is let through; a region for the block on public access."
part = "Which part of that: inbound or outbound traffic; empty for all of it."
is_hole = "Whether it lets something through instead."
*/
SELECT
    cloud, account_id, region, resource_id,
    coalesce(name, resource_id) AS name,
    'azure_authorization_locks' AS table_name,
    'lock' AS kind,
    locked_id AS protects,
    NULL AS part,
    false AS is_hole
FROM azure_authorization_locks
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    coalesce(display_name, name, resource_id),
    'azure_authorization_policy_assignments', 'policy assignment', assigned_to, NULL,
    false
FROM azure_authorization_policy_assignments
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    coalesce(display_name, name, resource_id),
    'azure_authorization_policy_exemptions', 'exemption', exempt_id, NULL, true
FROM azure_authorization_policy_exemptions
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    coalesce(name, exclusion_id, resource_id),
    'aws_ec2_vpc_block_public_access', 'exclusion', excluded_arn,
    unnest(CASE exclusion_mode
        WHEN 'allow-egress' THEN ['outbound traffic']
        ELSE ['inbound traffic', 'outbound traffic']
    END),
    true
FROM aws_ec2_vpc_block_public_access
WHERE kind = 'exclusion'
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    'VPC Block Public Access',
    'aws_ec2_vpc_block_public_access', 'block on public access', region,
    unnest(CASE block_mode
        WHEN 'block-bidirectional' THEN ['inbound traffic', 'outbound traffic']
        WHEN 'block-ingress' THEN ['inbound traffic']
        ELSE []
    END),
    false
FROM aws_ec2_vpc_block_public_access
WHERE kind = 'options'
UNION ALL
SELECT
    s.cloud, s.account_id, s.region, s.resource_id,
    min(coalesce(a.name, a.network_acl_id)),
    'aws_ec2_subnets', 'network ACL', s.resource_id, NULL, false
FROM aws_ec2_subnets AS s
JOIN aws_ec2_network_acls AS a
    ON a.account_id = s.account_id AND a.region = s.region
    AND list_contains(a.subnet_ids, s.subnet_id)
WHERE NOT a.is_default
GROUP BY s.cloud, s.account_id, s.region, s.resource_id
UNION ALL
SELECT
    r.cloud, r.account_id, n.region, n.resource_id,
    array_to_string(list(DISTINCT r.name ORDER BY r.name), ', '),
    'azure_network_virtual_networks', 'security admin rules', n.resource_id,
    NULL, false
FROM azure_network_manager_effective_security_admin_rules AS r
JOIN azure_network_virtual_networks AS n ON n.resource_id = r.virtual_network_id
GROUP BY r.cloud, r.account_id, n.region, n.resource_id
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    coalesce(name, resource_id),
    'gcp_compute_effective_firewalls', 'firewall policy', network, NULL, false
FROM gcp_compute_effective_firewalls
WHERE policy_type NOT LIKE 'SYSTEM%' AND policy_type NOT LIKE 'NETWORK%'
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    coalesce(name, resource_id),
    'gcp_compute_network_firewall_policies', 'firewall policy', unnest(attachments), NULL, false
FROM gcp_compute_network_firewall_policies
