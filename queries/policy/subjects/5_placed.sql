/*
table = "placed"
title = "Layers of the interfaces of these instances"
description = "One row per side, interface and layer, with those of its targets that a rule names on either side; `path` is the layer that says whether the Internet gets there at all. What was not read is taken as open. Equal layers have the same number `layer`."
*/
WITH named AS (
    SELECT policy_id, flatten(list(string_split(target, ' & '))) AS targets
    FROM (
        SELECT DISTINCT policy_id, unnest(targets) AS target FROM policy.written
        WHERE len(targets) > 0
    )
    GROUP BY policy_id
),

layers AS (
    SELECT 'baseline' AS side, * FROM baseline.policy_touched_layers
    UNION ALL
    SELECT 'snapshot', * FROM snapshot.policy_touched_layers
),

paths AS (
    SELECT 'baseline' AS side, * FROM baseline.policy_touched_paths
    UNION ALL
    SELECT 'snapshot', * FROM snapshot.policy_touched_paths
),

placed AS (
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
),

numbered AS (
    SELECT *, row_number() OVER (ORDER BY conjunct, stage, policy_id, targets) AS layer
    FROM (SELECT DISTINCT conjunct, stage, policy_id, targets FROM placed)
)

SELECT p.*, n.layer
FROM placed AS p
JOIN numbered AS n USING (conjunct, stage, policy_id, targets)
