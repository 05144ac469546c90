/*
cloud = "azure"
title = "Service tags of Azure"
description = "Networks of Microsoft's services. Every subscription lists the same tags, so one is enough, and only tags that rules name are of use."
*/
WITH used AS (
    SELECT lower(unnest(source_prefixes || destination_prefixes)) AS tag
    FROM azure_network_security_group_rules
    UNION
    SELECT lower(replace(unnest(sources || destinations), 'ServiceTag:', ''))
    FROM azure_network_manager_effective_security_admin_rules
),

chosen AS (
    SELECT lower(name) AS tag, min(account_id) AS account_id
    FROM azure_network_service_tags
    WHERE lower(name) <> 'azureloadbalancer'
    GROUP BY ALL
)

SELECT
    'service-tag ' || tag AS symbol,
    unnest(t.address_prefixes) AS network,
    false AS is_excluded,
    false AS is_instances,
    coalesce(t.change_number, '') AS version
FROM azure_network_service_tags AS t
JOIN chosen AS c ON c.tag = lower(t.name) AND c.account_id = t.account_id
SEMI JOIN used AS u ON u.tag = lower(t.name)
UNION ALL
SELECT 'service-tag AzureLoadBalancer', '168.63.129.16/32', false, false, ''
