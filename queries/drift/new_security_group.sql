/*
id = "new_security_group"
title = "Security group that is not in the baseline"
description = "A security group exists now that nobody has approved; its rules are listed."
severity = "low"
verdicts = ["NEW"]
attack = ["T1578.002", "T1686.001"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3"]
tables = ["policies", "rules"]
false_positives = "Deployments that nobody has approved yet."
remediation = "Read its rules and what it is attached to; approve it or remove it."
*/
WITH listed AS (
    SELECT
        account_id,
        region,
        policy_resource_id AS resource_id,
        list(DISTINCT rule ORDER BY rule) AS rules,
        bool_or(is_open) AS is_open
    FROM snapshot.rules
    GROUP BY ALL
)
SELECT
    s.cloud,
    s.account_id,
    s.region,
    s.resource_id,
    s.table_name AS resource_type,
    'NEW' AS verdict,
    CASE WHEN l.is_open THEN 'medium' ELSE 'low' END AS severity,
    'group "' || coalesce(s.name, s.policy_id) || '" with '
    || coalesce(len(l.rules) || CASE len(l.rules) WHEN 1 THEN ' rule' ELSE ' rules' END, 'no rules read')
    || CASE WHEN l.is_open THEN ', open to any address' ELSE '' END AS reason,
    NULL AS before,
    json_object(
        'name', s.name,
        'network_id', s.network_id,
        'description', s.description,
        'rules', l.rules
    ) AS after
FROM snapshot.policies AS s
ANTI JOIN baseline.policies AS b USING (account_id, region, resource_id)
LEFT JOIN listed AS l USING (account_id, region, resource_id)
