/*
title = "Rules of security policies"
description = "One row per rule, as the provider lists it; default rules included where the provider lists them."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the rule."
policy_resource_id = "Globally unique id of the policy that has the rule."
policy_id = "Short id of that policy."
direction = "ingress or egress."
protocol = "tcp, udp, icmp, icmpv6, all, a protocol number, or several."
from_port = "First port, or ICMP type; empty for all, and where a rule has several ranges."
to_port = "Last port, or ICMP code; empty for all, and where a rule has several ranges."
peer = "Address ranges, groups or tags on the other side."
rule = "The rule in one canonical line; equal content, equal line."
is_open = "Whether it lets any address of the Internet in."
*/
SELECT
    cloud, account_id, region, resource_id,
    group_arn AS policy_resource_id,
    group_id AS policy_id,
    CASE WHEN is_egress THEN 'egress' ELSE 'ingress' END AS direction,
    CASE WHEN ip_protocol = '-1' THEN 'all' ELSE ip_protocol END AS protocol,
    from_port,
    to_port,
    peer,
    coalesce(rule, resource_id) AS rule,
    NOT is_egress AND peer IN ('0.0.0.0/0', '::/0') AS is_open
FROM aws_ec2_security_group_rules
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    network_acl_arn,
    network_acl_id,
    CASE WHEN is_egress THEN 'egress' ELSE 'ingress' END,
    CASE WHEN ip_protocol = '-1' THEN 'all' ELSE ip_protocol END,
    from_port,
    to_port,
    coalesce(cidr_ipv4, cidr_ipv6),
    coalesce(rule, resource_id) AS rule,
    NOT is_egress AND action = 'allow' AND coalesce(cidr_ipv4, cidr_ipv6) IN ('0.0.0.0/0', '::/0')
FROM aws_ec2_network_acl_entries
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    group_id,
    group_id,
    CASE direction WHEN 'inbound' THEN 'ingress' ELSE 'egress' END,
    CASE protocol WHEN '*' THEN 'all' ELSE protocol END,
    NULL,
    NULL,
    array_to_string(
        CASE direction WHEN 'inbound' THEN source_prefixes ELSE destination_prefixes END, ' '
    ),
    coalesce(rule, resource_id) AS rule,
    direction = 'inbound' AND access = 'allow'
    AND list_has_any(source_prefixes, ['*', '0.0.0.0/0', '::/0', 'Internet', 'Any'])
FROM azure_network_security_group_rules
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    resource_id,
    name,
    lower(direction),
    array_to_string(services, ' '),
    NULL,
    NULL,
    array_to_string(
        CASE direction WHEN 'INGRESS' THEN source_ranges ELSE destination_ranges END, ' '
    ),
    coalesce(rule, resource_id) AS rule,
    direction = 'INGRESS' AND action = 'allow' AND NOT coalesce(disabled, false)
    AND list_has_any(source_ranges, ['0.0.0.0/0', '::/0'])
FROM gcp_compute_firewalls
UNION ALL
SELECT
    cloud, account_id, region, resource_id,
    policy_id,
    policy_id,
    lower(direction),
    array_to_string(services, ' '),
    NULL,
    NULL,
    array_to_string(
        CASE direction WHEN 'INGRESS' THEN src_ip_ranges ELSE dest_ip_ranges END, ' '
    ),
    coalesce(rule, resource_id) AS rule,
    direction = 'INGRESS' AND action = 'allow' AND NOT coalesce(disabled, false)
    AND list_has_any(src_ip_ranges, ['0.0.0.0/0', '::/0'])
FROM gcp_compute_firewall_policy_rules
