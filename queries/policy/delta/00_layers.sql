/*
table = "layers"
title = "Layers of every subject, on both sides"
description = "Which rules decide, in which order, and whether symbols mean their members of before or after. Rules are compared with the members of before on both sides: what members change is told apart. `is_shared`: both sides have the layer, so that only rules that changed can make a difference. `is_settled`: nothing can differ, since the Internet gets there on neither side, or since peers have the same profile."
*/
WITH sides AS (
    SELECT subject, what, 'old' AS side, unnest(before) AS profile, before, after
    FROM policy.subjects
    UNION ALL
    SELECT subject, what, 'new', unnest(after), before, after
    FROM policy.subjects
),

pathless AS (
    SELECT profile FROM policy.profiles WHERE policy_id = 'no public path'
),

settled AS (
    SELECT
        s.*,
        CASE what
            WHEN 'exposure' THEN bool_and(p.profile IS NOT NULL) OVER (PARTITION BY subject)
            ELSE what = 'peers' AND list_has_all(before, after)
        END AS is_settled
    FROM sides AS s
    LEFT JOIN pathless AS p USING (profile)
),

layers AS (
    SELECT
        s.subject, s.what, s.side, p.conjunct, p.stage, p.policy_id, p.targets, s.is_settled,
        -- The number only tells interfaces apart; if either side has one, it is the same.
        CASE WHEN len(before) = 1 AND len(after) = 1 THEN 0 ELSE profile END AS interface,
        CASE s.side WHEN 'old' THEN 'baseline' ELSE 'snapshot' END AS rules_of,
        'before' AS members
    FROM settled AS s
    JOIN policy.profiles AS p USING (profile)
    UNION ALL
    SELECT
        s.subject, s.what, d.side, 'policy', 1, s.policy_id,
        list_distinct([s.target, ''] || string_split(s.target, ' & ')), false, 0,
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
