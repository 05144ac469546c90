/*
cloud = "aws"
resource_type = "aws_ec2_security_groups"
interfaces = "aws_ec2_network_interfaces"
title = "Security groups"
description = "Allow-only and stateful: one match is enough, whatever its place. What no rule allows is denied."
*/
SELECT
    account_id, region,
    group_arn AS policy_id,
    CASE WHEN is_egress THEN 'egress' ELSE 'ingress' END AS direction,
    1 AS rank,
    'allow' AS action,
    aws_service(ip_protocol, from_port, to_port) AS service,
    CASE
        WHEN prefix_list_id IS NOT NULL THEN 'prefix-list ' || prefix_list_id
        WHEN referenced_group_id IS NOT NULL THEN 'group ' || referenced_group_id
        ELSE coalesce(cidr_ipv4, cidr_ipv6, '')
    END AS peer,
    NULL AS source_ports,
    NULL AS local,
    rule_id,
    [] AS targets
FROM aws_ec2_security_group_rules
UNION ALL
SELECT
    g.account_id, g.region, g.resource_id, unnest(['ingress', 'egress']), 2147483647, 'deny', 'all',
    '*', NULL, NULL, 'no rule', []
FROM aws_ec2_security_groups AS g
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'aws_ec2_security_group_rules' AND c.account_id = g.account_id
        AND c.region = g.region
)
