/*
table = "moved"
title = "Instances whose layers or paths changed"
description = "What applies now and did not, what no longer does, and the two comparisons of the instance: its profile, and its exposure to the Internet."
*/
-- NOTE: most affected instances only have a layer whose rules changed; telling that apart first
-- takes a tenth of the time of writing all their layers down.
WITH placed_otherwise AS (
    SELECT DISTINCT instance_id FROM (
        SELECT instance_id FROM policy.placed SEMI JOIN policy.affected USING (instance_id)
        GROUP BY instance_id, conjunct, policy_id, targets
        HAVING min(side) = max(side)
    )
),

placed AS (
    SELECT side, instance_id, conjunct, policy_id, targets
    FROM policy.placed SEMI JOIN placed_otherwise USING (instance_id)
),

layers AS (
    SELECT instance_id, conjunct = 'path' AS is_path,
        list(DISTINCT label ORDER BY label) FILTER (WHERE side = 'baseline') AS before,
        list(DISTINCT label ORDER BY label) FILTER (WHERE side = 'snapshot') AS after
    FROM (
        SELECT side, instance_id, conjunct, CASE
            WHEN conjunct = 'path' THEN policy_id
            WHEN policy_id = 'no policy' THEN conjunct || ': ' || policy_id
            ELSE conjunct || ' ' || regexp_extract(policy_id, '[^/]+$')
        END AS label
        FROM placed
        UNION ALL
        SELECT side, instance_id, conjunct, unnest(targets) FROM placed
    )
    GROUP BY ALL
),

differing AS (
    SELECT instance_id, is_path,
        list_filter(after, lambda l: NOT list_contains(before, l)) AS gained,
        list_filter(before, lambda l: NOT list_contains(after, l)) AS lost
    FROM layers
    WHERE before <> after
)

SELECT
    d.instance_id, n.cloud, i.account_id, i.region, n.table_name, n.name,
    CASE
        WHEN d.is_path THEN 'path'
        WHEN len(list_filter(d.gained, lambda l: NOT contains(l, 'no policy'))) > 0 THEN 'attached'
        ELSE 'detached'
    END AS cause,
    s.subject,
    o.subject AS open_to,
    d.gained, d.lost
FROM differing AS d
JOIN policy.names AS n USING (instance_id)
JOIN policy.instances AS i ON i.instance_id = d.instance_id AND i.kind = 'profile'
JOIN policy.instances AS e ON e.instance_id = d.instance_id AND e.kind = 'exposure'
JOIN policy.subjects AS s ON s.what = 'profile' AND s.before = i.before AND s.after = i.after
JOIN policy.subjects AS o ON o.what = 'exposure' AND o.before = e.before AND o.after = e.after
