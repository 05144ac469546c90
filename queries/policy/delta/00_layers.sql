/*
table = "layers"
title = "Layers of every subject that is not settled, on both sides"
description = "Which rules decide, in which order, and whether symbols mean their members of before or after. Rules are compared with the members of before on both sides: what members change is told apart. `is_shared`: both sides have the layer, so that only rules that changed can make a difference."
*/
WITH subjects AS (
    SELECT *, len(before) = 1 AND len(after) = 1 AS is_single
    FROM policy.subjects
    ANTI JOIN policy.settled USING (subject)
),

sides AS (
    SELECT subject, what, 'old' AS side, is_single, unnest(before) AS profile FROM subjects
    UNION ALL
    SELECT subject, what, 'new', is_single, unnest(after) FROM subjects
),

layers AS (
    SELECT
        s.subject, s.what, s.side, p.conjunct, p.stage, p.policy_id, p.targets,
        -- The number only tells interfaces apart; if either side has one, it is the same.
        CASE WHEN s.is_single THEN 0 ELSE s.profile END AS interface,
        CASE s.side WHEN 'old' THEN 'baseline' ELSE 'snapshot' END AS rules_of,
        'before' AS members
    FROM sides AS s
    JOIN policy.profiles AS p USING (profile)
    UNION ALL
    SELECT
        s.subject, s.what, d.side, 'policy', 1, s.policy_id,
        list_distinct([s.target, ''] || string_split(s.target, ' & ')), 0,
        CASE WHEN s.what = 'policy' AND d.side = 'old' THEN 'baseline' ELSE 'snapshot' END,
        CASE WHEN s.what = 'members' AND d.side = 'new' THEN 'after' ELSE 'before' END
    FROM subjects AS s
    CROSS JOIN (VALUES ('old'), ('new')) AS d (side)
    WHERE s.what IN ('policy', 'members')
)

SELECT
    *,
    CASE WHEN what = 'exposure' THEN 'ingress' END AS direction,
    min(side) OVER w <> max(side) OVER w AS is_shared
FROM layers
WINDOW w AS (PARTITION BY subject, interface, conjunct, stage, policy_id, targets)
