/*
cloud = "azure"
title = "VirtualNetwork and Internet, as each policy of Azure means them"
description = "VirtualNetwork is the address space of the networks where the policy applies, of their peers, of routes other than the default one, and the address of the host. Internet is all but that. Networks behind gateways are not known. Of a group that applies nowhere yet it is the private address space."
*/
WITH attached AS (
    SELECT network_security_group_id AS holder, virtual_network_id AS network_id
    FROM azure_network_subnets
    UNION
    SELECT network_security_group_id, unnest(virtual_network_ids) FROM azure_network_interfaces
    UNION
    SELECT network_security_group_id, unnest(virtual_network_ids)
    FROM azure_network_scale_set_network_interfaces
    UNION
    SELECT resource_id, resource_id FROM azure_network_virtual_networks
),

spaces AS (
    SELECT resource_id AS network_id, unnest(address_prefixes) AS network
    FROM azure_network_virtual_networks
    UNION
    SELECT resource_id, unnest(peer_address_prefixes)
    FROM azure_network_virtual_networks
    WHERE peers_with_access <> []
    UNION
    SELECT s.virtual_network_id, unnest(
        list_transform(t.routes, lambda r: split_part(r, ' ', 1))
    )
    FROM azure_network_route_tables AS t
    JOIN azure_network_subnets AS s ON s.route_table_id = t.resource_id
),

known AS (
    SELECT DISTINCT a.holder, s.network
    FROM attached AS a
    JOIN spaces AS s ON s.network_id = a.network_id
    WHERE regexp_matches(s.network, '^[0-9a-fA-F:.]+/[1-9]')
),

every AS (
    SELECT holder, network, false AS is_passing FROM known
    UNION ALL
    SELECT g.resource_id, unnest([
        '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'
    ]), true
    FROM azure_network_security_groups AS g
    ANTI JOIN known AS k ON k.holder = g.resource_id
    UNION ALL
    SELECT DISTINCT holder, '168.63.129.16/32', false FROM known
)

SELECT
    'service-tag ' || tag || ' of ' || holder AS symbol,
    network,
    tag = 'Internet' AS is_excluded,
    is_passing AS is_instances,
    '' AS version
FROM every
CROSS JOIN (VALUES ('VirtualNetwork'), ('Internet')) AS t (tag)
