/*
cloud = "azure"
instances = {azure_network_interfaces = "machine_id", azure_network_scale_set_network_interfaces = "machine_id"}
title = "Policies of Azure's network interfaces"
description = "What the subnet's group and the interface's group both accept, after the admin rules of the network. No group is no limit. What was not read is left out."
*/
WITH interfaces AS (
    SELECT account_id, region, resource_id, machine_id, network_security_group_id, subnet_ids,
        virtual_network_ids, application_security_group_ids
    FROM azure_network_interfaces
    UNION ALL
    SELECT account_id, region, resource_id, machine_id, network_security_group_id, subnet_ids,
        virtual_network_ids, application_security_group_ids
    FROM azure_network_scale_set_network_interfaces
),

groups AS (
    SELECT i.*, 'interface' AS conjunct, network_security_group_id AS group_id
    FROM interfaces AS i
    UNION ALL
    SELECT i.*, 'subnet', s.network_security_group_id
    FROM interfaces AS i
    JOIN azure_network_subnets AS s ON s.resource_id = i.subnet_ids[1]
),

judged AS (
    SELECT g.* FROM groups AS g
    WHERE machine_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM main.compared AS c
        WHERE c.table_name = 'azure_network_security_group_rules' AND c.account_id = g.account_id
            AND c.region IN (g.region, 'global')
    )
)

SELECT
    account_id, region,
    machine_id AS instance_id,
    resource_id AS interface_id,
    conjunct,
    2 AS stage,
    coalesce(group_id, 'no policy') AS policy_id,
    CASE WHEN group_id IS NULL THEN [] ELSE application_security_group_ids END AS targets
FROM judged
UNION ALL
SELECT j.account_id, j.region, j.machine_id, j.resource_id, j.conjunct, 1,
    unnest(j.virtual_network_ids), []
FROM judged AS j
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'azure_network_manager_effective_security_admin_rules'
        AND c.account_id = j.account_id AND c.region IN (j.region, 'global')
)
