/*
cloud = "gcp"
instances = {gcp_compute_instances = "resource_id"}
title = "Firewalls of Compute Engine instances"
description = "In each network of an instance: hierarchical policies from the top down, those of the system, VPC rules (after the network policies if the network says so), global and regional network policies, the implied rules. Which secure tags an instance has is known only from its creation."
*/
WITH interfaces AS (
    SELECT
        account_id, region, resource_id, network,
        regexp_extract(network, 'projects/([^/]+)', 1) AS project,
        ['network ' || network] || symbols('tag', network_tags)
            || symbols('account', service_account_emails)
            || symbols('secure tag', [split_part(t, '=', 2) FOR t IN resource_manager_tags])
            AS targets
    FROM (SELECT *, unnest(networks) AS network FROM gcp_compute_instances)
),

associations AS (
    SELECT
        resource_id, account_id, region,
        split_part(association, ' priority ', 1) AS network,
        coalesce(try_cast(split_part(association, ' priority ', 2) AS BIGINT), 1000) AS priority
    FROM (SELECT *, unnest(associations) AS association FROM gcp_compute_network_firewall_policies)
),

stages AS (
    SELECT network, NULL AS region, CASE policy_type WHEN 'HIERARCHY' THEN 1 ELSE 2 END AS level,
        position AS priority, policy_id, account_id, 'gcp_compute_effective_firewall_rules' AS rules
    FROM gcp_compute_effective_firewalls
    WHERE policy_type NOT IN ('NETWORK', 'NETWORK_REGIONAL')
    UNION ALL
    SELECT DISTINCT i.network, NULL,
        CASE n.firewall_order WHEN 'BEFORE_CLASSIC_FIREWALL' THEN 6 ELSE 3 END,
        0, i.network, i.project, 'gcp_compute_firewalls'
    FROM interfaces AS i
    LEFT JOIN gcp_compute_networks AS n ON n.resource_id = i.network
    UNION ALL
    SELECT network, nullif(region, 'global'), CASE region WHEN 'global' THEN 4 ELSE 5 END,
        priority, resource_id, account_id, 'gcp_compute_firewall_policy_rules'
    FROM associations
    UNION ALL
    SELECT DISTINCT network, NULL, 7, 0, 'implied rules', project, 'gcp_compute_firewalls'
    FROM interfaces
)

SELECT
    i.account_id, i.region,
    i.resource_id AS instance_id,
    i.network AS interface_id,
    'firewall' AS conjunct,
    100 * s.level + dense_rank() OVER (
        PARTITION BY i.resource_id, i.network, s.level ORDER BY s.priority, s.policy_id
    ) AS stage,
    s.policy_id,
    i.targets
FROM interfaces AS i
JOIN stages AS s ON s.network = i.network AND (s.region IS NULL OR s.region = i.region)
SEMI JOIN main.compared AS c ON c.table_name = s.rules AND c.account_id = s.account_id
