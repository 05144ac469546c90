/*
id = "removed_security_group"
title = "Security group of the baseline is gone"
description = "An approved security group no longer exists, in a scope that was read completely."
severity = "low"
verdicts = ["REMOVED"]
attack = ["T1686.001"]
controls = ["nist-800-53-r5:CM-3"]
tables = ["policies", "rules"]
false_positives = "Planned decommissioning."
remediation = "Confirm that it was meant to go; then accept the finding into the baseline."
*/
WITH listed AS (
    SELECT
        account_id,
        region,
        policy_resource_id AS resource_id,
        list(DISTINCT rule ORDER BY rule) AS rules
    FROM baseline.rules
    GROUP BY ALL
)
SELECT
    b.cloud,
    b.account_id,
    b.region,
    b.resource_id,
    b.table_name AS resource_type,
    'REMOVED' AS verdict,
    'group "' || coalesce(b.name, b.policy_id) || '" no longer exists' AS reason,
    json_object(
        'name', b.name,
        'network_id', b.network_id,
        'description', b.description,
        'rules', l.rules
    ) AS before,
    NULL AS after
FROM baseline.policies AS b
ANTI JOIN snapshot.policies AS s USING (account_id, region, resource_id)
LEFT JOIN listed AS l USING (account_id, region, resource_id)
