/*
cloud = "azure"
instances = {azure_network_interfaces = "machine_id", azure_network_scale_set_network_interfaces = "machine_id"}
title = "Paths from the Internet to Azure's network interfaces"
description = "A public address, its own or that of a load balancer that leads to it. One of the Standard SKU is closed as long as neither subnet nor interface has a network security group; a Basic one is open. What was not read is taken as open."
*/
WITH both_kinds AS (
    SELECT account_id, region, resource_id, machine_id, network_security_group_id, subnet_ids,
        private_ips, public_ip_ids,
        load_balancer_inbound_nat_rule_ids || load_balancer_backend_pool_ids AS entries
    FROM azure_network_interfaces
    UNION ALL
    SELECT account_id, region, resource_id, machine_id, network_security_group_id, subnet_ids,
        private_ips, public_ip_ids,
        load_balancer_inbound_nat_rule_ids || load_balancer_backend_pool_ids
    FROM azure_network_scale_set_network_interfaces
),

interfaces AS (
    SELECT i.*, s.resource_id IS NULL OR i.network_security_group_id IS NOT NULL
        OR s.network_security_group_id IS NOT NULL AS is_guarded
    FROM both_kinds AS i
    LEFT JOIN azure_network_subnets AS s ON s.resource_id = i.subnet_ids[1]
    WHERE i.machine_id IS NOT NULL
),

addresses AS (
    SELECT resource_id, coalesce(ip_version, 'IPv4') AS ip_version, sku_name
    FROM azure_network_public_ip_addresses
    UNION ALL
    SELECT resource_id, coalesce(ip_version, 'IPv4'), sku_name
    FROM azure_network_scale_set_public_ip_addresses
),

ways AS (
    SELECT resource_id, is_guarded, unnest(public_ip_ids) AS address_id, NULL AS sku_name
    FROM interfaces
    UNION ALL
    SELECT i.resource_id, i.is_guarded, unnest(coalesce(l.public_ip_ids, [''])), l.sku_name
    FROM (SELECT *, unnest(entries) AS entry FROM interfaces) AS i
    LEFT JOIN azure_network_load_balancers AS l
        ON l.resource_id = regexp_extract(i.entry, '^(.*)/[^/]+/[^/]+$', 1)
    WHERE l.resource_id IS NULL OR contains(i.entry, '/inboundnatrules/')
        OR list_contains(
            flatten(list_transform(l.load_balancing_rules || l.inbound_nat_rules,
                lambda r: string_split(split_part(r, ' to port ', 2), ' '))),
            regexp_extract(i.entry, '[^/]+$')
        )
),

judged AS (
    SELECT w.resource_id, a.ip_version,
        w.is_guarded OR NOT starts_with(coalesce(w.sku_name, a.sku_name, ''), 'Standard') AS is_open
    FROM ways AS w
    LEFT JOIN addresses AS a ON a.resource_id = w.address_id
)

SELECT
    i.account_id, i.region,
    i.machine_id AS instance_id,
    i.resource_id AS interface_id,
    coalesce(bool_or(w.is_open AND coalesce(w.ip_version, 'IPv4') = 'IPv4'), false) AS ipv4,
    coalesce(bool_or(w.is_open AND coalesce(w.ip_version, 'IPv6') = 'IPv6'), false) AS ipv6,
    any_value(i.private_ips) AS addresses,
    CASE
        WHEN count(w.resource_id) = 0 THEN ['no public address']
        WHEN NOT bool_or(w.is_open) THEN ['Standard SKU without a network security group']
        ELSE []
    END AS obstacles
FROM interfaces AS i
LEFT JOIN judged AS w ON w.resource_id = i.resource_id
GROUP BY ALL
