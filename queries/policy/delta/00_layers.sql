/*
table = "layers"
title = "Layers of every subject, on both sides"
description = "Which rules decide, in which order, and whether symbols mean their members of before or after. Rules are compared with the members of before on both sides: what members change is told apart. `is_shared`: both sides have the layer, so that only rules that changed can make a difference."
*/
WITH sides AS (
    SELECT subject, what, 'old' AS side, unnest(before) AS profile, len(before) + len(after) AS count
    FROM policy.subjects
    -- What peers accept with the same profile is nothing new.
    WHERE what <> 'peers' OR NOT list_has_all(before, after)
    UNION ALL
    SELECT subject, what, 'new', unnest(after), len(before) + len(after)
    FROM policy.subjects
    WHERE what <> 'peers' OR NOT list_has_all(before, after)
),

pathless AS (
    SELECT profile FROM policy.profiles WHERE policy_id = 'no public path'
),

compared AS (
    SELECT s.* FROM sides AS s LEFT JOIN pathless AS p USING (profile)
    -- The Internet gets to such an instance on neither side.
    QUALIFY what <> 'exposure' OR bool_or(p.profile IS NULL) OVER (PARTITION BY subject)
),

layers AS (
    SELECT
        s.subject, s.what, s.side, p.conjunct, p.stage, p.policy_id, p.targets,
        -- The number only tells interfaces apart; if either side has one, it is the same.
        CASE WHEN s.count = 2 THEN 0 ELSE s.profile END AS interface,
        CASE s.side WHEN 'old' THEN 'baseline' ELSE 'snapshot' END AS rules_of,
        'before' AS members
    FROM compared AS s
    JOIN policy.profiles AS p USING (profile)
    UNION ALL
    SELECT
        s.subject, s.what, d.side, 'policy', 1, s.policy_id, [s.target], 0,
        CASE WHEN s.what = 'policy' AND d.side = 'old' THEN 'baseline' ELSE 'snapshot' END,
        CASE WHEN s.what = 'members' AND d.side = 'new' THEN 'after' ELSE 'before' END
    FROM policy.subjects AS s
    CROSS JOIN (VALUES ('old'), ('new')) AS d (side)
    WHERE s.what IN ('policy', 'members')
)

SELECT
    *,
    CASE WHEN what = 'exposure' THEN 'ingress' END AS direction,
    min(side) OVER w <> max(side) OVER w AS is_shared
FROM layers
WINDOW w AS (PARTITION BY subject, interface, conjunct, stage, policy_id, targets)
