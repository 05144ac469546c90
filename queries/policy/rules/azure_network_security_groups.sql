/*
cloud = "azure"
resource_type = "azure_network_security_groups"
title = "Network security groups"
description = "Stateful: the rule with the lowest priority number that matches decides, in each direction by itself. The rules that Azure adds to every group come with the others. Other protocols than these five match * only."
*/
WITH sides AS (
    SELECT *,
        azure_sides(group_id, source_prefixes, source_asg_ids) AS sources,
        azure_sides(group_id, destination_prefixes, destination_asg_ids) AS destinations
    FROM azure_network_security_group_rules
)

SELECT
    account_id, region,
    group_id AS policy_id,
    CASE direction WHEN 'inbound' THEN 'ingress' ELSE 'egress' END AS direction,
    priority AS rank,
    access AS action,
    service,
    CASE direction WHEN 'inbound' THEN source ELSE destination END AS peer,
    nullif(source_ports, '*') AS source_ports,
    nullif(CASE direction WHEN 'inbound' THEN destination ELSE source END, '*') AS local,
    coalesce(name, resource_id) AS rule_id,
    [] AS targets
FROM sides,
    unnest(sources) AS s (source),
    unnest(destinations) AS d (destination),
    unnest(azure_services(protocol, destination_port_ranges)) AS v (service),
    unnest(azure_ports(source_port_ranges)) AS p (source_ports)
UNION ALL
SELECT
    g.account_id, g.region, g.resource_id, unnest(['ingress', 'egress']), 2147483647, 'deny', 'all',
    '*', NULL, NULL, 'no rule', []
FROM azure_network_security_groups AS g
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'azure_network_security_group_rules' AND c.account_id = g.account_id
        AND c.region IN (g.region, 'global')
)
