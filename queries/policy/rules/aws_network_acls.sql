/*
cloud = "aws"
resource_type = "aws_ec2_network_acls"
interfaces = "aws_ec2_network_interfaces"
title = "Network ACLs"
description = "Stateless: the entry with the lowest number decides, each direction by itself. Ports are destination ports."
*/
SELECT
    account_id, region,
    network_acl_arn AS policy_id,
    CASE WHEN is_egress THEN 'egress' ELSE 'ingress' END AS direction,
    rule_number AS rank,
    action,
    aws_service(ip_protocol, coalesce(from_port, icmp_type), coalesce(to_port, icmp_code))
        AS service,
    coalesce(cidr_ipv4, cidr_ipv6, '') AS peer,
    NULL AS source_ports,
    NULL AS local,
    CASE WHEN is_default_entry THEN '*' ELSE rule_number::VARCHAR END AS rule_id,
    [] AS targets
FROM aws_ec2_network_acl_entries
UNION ALL
SELECT
    a.account_id, a.region, a.resource_id, unnest(['ingress', 'egress']), 2147483647, 'deny', 'all',
    '*', NULL, NULL, '*', []
FROM aws_ec2_network_acls AS a
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'aws_ec2_network_acl_entries' AND c.account_id = a.account_id
        AND c.region = a.region
)
