/*
table = "placed"
title = "Layers of the interfaces of these instances"
description = "One row per side, interface and layer, with those of its targets that a rule names on either side; `path` is the layer that says whether the Internet gets there at all. What was not read is taken as open."
*/
WITH named AS (
    SELECT policy_id, flatten(list(string_split(target, ' & '))) AS targets
    FROM (
        SELECT policy_id, unnest(targets) AS target FROM baseline.policy_rules
        WHERE len(targets) > 0
        UNION
        SELECT policy_id, unnest(targets) FROM snapshot.policy_rules
        WHERE len(targets) > 0
    )
    GROUP BY policy_id
),

layers AS (
    SELECT 'baseline' AS side, l.* FROM baseline.policy_layers AS l
    SEMI JOIN policy.touched USING (instance_id)
    UNION ALL
    SELECT 'snapshot', l.* FROM snapshot.policy_layers AS l
    SEMI JOIN policy.touched USING (instance_id)
),

paths AS (
    SELECT 'baseline' AS side, p.* FROM baseline.policy_paths AS p
    SEMI JOIN policy.touched USING (instance_id)
    UNION ALL
    SELECT 'snapshot', p.* FROM snapshot.policy_paths AS p
    SEMI JOIN policy.touched USING (instance_id)
)

SELECT
    side, account_id, region, instance_id, interface_id, conjunct, stage, policy_id,
    list_sort(list_intersect(l.targets, coalesce(n.targets, []))) AS targets
FROM layers AS l
LEFT JOIN named AS n USING (policy_id)
UNION ALL
SELECT DISTINCT
    l.side, l.account_id, l.region, l.instance_id, l.interface_id, 'path', 1,
    CASE
        WHEN coalesce(p.ipv4, true) AND coalesce(p.ipv6, true) THEN 'public path'
        WHEN coalesce(p.ipv4, true) THEN 'public ipv4 path'
        WHEN p.ipv6 THEN 'public ipv6 path'
        ELSE 'no public path'
    END,
    []
FROM layers AS l
LEFT JOIN paths AS p
    ON p.side = l.side AND p.instance_id = l.instance_id
    AND p.interface_id IS NOT DISTINCT FROM l.interface_id
