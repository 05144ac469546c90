/*
cloud = "azure"
resource_type = "azure_network_virtual_networks"
interfaces = "azure_network_interfaces"
title = "Security admin rules in force in virtual networks"
description = "Rules of network managers, decided before the network security groups: `allow` leaves it to them, `always allow` and `deny` do not. What none of them matches is left to them, too. A side that is not given is any."
*/
WITH rules AS (
    SELECT account_id, region, virtual_network_id, name, direction, access, priority, protocol,
        source_port_ranges, destination_port_ranges,
        CASE direction WHEN 'inbound' THEN sources ELSE destinations END AS far,
        CASE direction WHEN 'inbound' THEN destinations ELSE sources END AS near
    FROM azure_network_manager_effective_security_admin_rules
),

named AS (
    SELECT *,
        list_transform(list_filter(far, lambda p: NOT starts_with(p, 'NetworkGroup:')),
            lambda p: replace(p, 'ServiceTag:', '')) AS far_prefixes,
        list_transform(list_filter(far, lambda p: starts_with(p, 'NetworkGroup:')),
            lambda p: replace(p, 'NetworkGroup:', '')) AS far_groups,
        list_transform(near, lambda p: replace(p, 'ServiceTag:', '')) AS near_prefixes
    FROM rules
),

by_service AS (
    SELECT *, unnest(azure_services(protocol, source_port_ranges, destination_port_ranges)) AS service
    FROM named
),

by_local AS (
    SELECT *, unnest(azure_locals(
        virtual_network_id, CASE near WHEN [] THEN ['*'] ELSE near_prefixes END, []
    )) AS local
    FROM by_service
),

by_port AS (
    SELECT *, unnest(azure_source_ports(protocol, source_port_ranges)) AS source_port FROM by_local
)

SELECT
    account_id, region,
    virtual_network_id AS policy_id,
    CASE direction WHEN 'inbound' THEN 'ingress' ELSE 'egress' END AS direction,
    3 * coalesce(priority, 65535)
        + CASE access WHEN 'deny' THEN 0 WHEN 'alwaysallow' THEN 1 ELSE 2 END AS rank,
    CASE access WHEN 'allow' THEN 'next' WHEN 'alwaysallow' THEN 'allow' ELSE access END AS action,
    service,
    unnest(CASE far WHEN [] THEN ['*']
        ELSE azure_peers(virtual_network_id, far_prefixes, 'network-group', far_groups) END) AS peer,
    source_port AS source_ports,
    local.network AS local,
    name AS rule_id,
    [] AS targets
FROM by_port
UNION ALL
SELECT
    n.account_id, n.region, n.resource_id, unnest(['ingress', 'egress']), 2147483647, 'next', 'all',
    '*', NULL, NULL, 'no rule', []
FROM azure_network_virtual_networks AS n
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'azure_network_manager_effective_security_admin_rules'
        AND c.account_id = n.account_id AND c.region IN (n.region, 'global')
)
