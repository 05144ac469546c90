/*
cloud = "azure"
resource_type = "azure_network_security_groups"
interfaces = "azure_network_interfaces"
title = "Network security groups"
description = "Stateful: the rule with the lowest number that matches decides, each direction by itself. The rules that Azure adds to every group come with its own; without them the rest is denied. `*` with ports is TCP and UDP. The near side is an address of the interface, so VirtualNetwork is no limit there, and application security groups choose interfaces."
*/
WITH sided AS (
    SELECT account_id, region, group_id, direction, priority, access, protocol,
        coalesce(name, resource_id) AS rule_id,
        azure_services(protocol, source_port_ranges, destination_port_ranges) AS services,
        azure_source_ports(protocol, source_port_ranges) AS source_ports,
        azure_peers(group_id, source_prefixes, 'application-security-group', source_asg_ids)
            AS sources,
        azure_peers(
            group_id, destination_prefixes, 'application-security-group', destination_asg_ids
        ) AS destinations,
        azure_locals(group_id, source_prefixes, source_asg_ids) AS near_sources,
        azure_locals(group_id, destination_prefixes, destination_asg_ids) AS near_destinations
    FROM azure_network_security_group_rules
),

by_service AS (
    SELECT * EXCLUDE (services, source_ports),
        unnest(services) AS service, source_ports,
        CASE direction WHEN 'inbound' THEN near_destinations ELSE near_sources END AS locals
    FROM sided
),

by_local AS (
    SELECT * EXCLUDE (locals), unnest(locals) AS near FROM by_service
),

by_port AS (
    SELECT * EXCLUDE (source_ports), unnest(source_ports) AS source_port FROM by_local
)

SELECT
    account_id, region,
    group_id AS policy_id,
    CASE direction WHEN 'inbound' THEN 'ingress' ELSE 'egress' END AS direction,
    priority AS rank,
    access AS action,
    service,
    unnest(CASE direction WHEN 'inbound' THEN sources ELSE destinations END) AS peer,
    source_port AS source_ports,
    near.network AS local,
    rule_id,
    near.targets AS targets
FROM by_port
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
