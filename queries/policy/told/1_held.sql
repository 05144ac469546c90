/*
table = "held"
title = "Policies, as people find them"
description = "Where a policy is, what it is called, and whether the interfaces were read that it may apply to."
*/
SELECT
    r.policy_id,
    any_value(k.cloud) AS cloud,
    min(r.account_id) AS account_id,
    min(r.region) AS region,
    any_value(k.resource_type) AS resource_type,
    coalesce(any_value(p.name), any_value(regexp_extract(split_part(r.policy_id, ' ', 1), '[^/]+$')))
        AS name,
    bool_or(EXISTS (
        SELECT 1 FROM main.compared AS c
        WHERE c.table_name = k.interfaces AND c.account_id = r.account_id
            AND c.region IN (r.region, 'global')
    )) AS is_read
FROM (SELECT DISTINCT policy_id, kind, account_id, region FROM policy.rules) AS r
JOIN policy.kinds AS k ON k.kind = r.kind
LEFT JOIN snapshot.policy_policies AS p ON p.resource_id = split_part(r.policy_id, ' ', 1)
WHERE r.policy_id IN (
    SELECT policy_id FROM policy.subjects UNION SELECT policy_id FROM policy.problems
)
GROUP BY r.policy_id
