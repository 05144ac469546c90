/*
table = "layers"
title = "Layers of every subject, on both sides"
description = "Which rules decide, in which order, and whether symbols mean their members of before or after. Rules are compared with the members of before on both sides: what members change is told apart."
*/
WITH profiles AS (
    SELECT profile, layer.conjunct, layer.stage, layer.policy_id, layer.targets
    FROM (SELECT profile, unnest(any_value(layers)) AS layer FROM policy.interfaces GROUP BY profile)
),

sides AS (
    SELECT subject, what, 'old' AS side, unnest(before) AS profile, 'baseline' AS rules_of
    FROM policy.subjects
    UNION ALL
    SELECT subject, what, 'new', unnest(after), 'snapshot'
    FROM policy.subjects
)

SELECT
    s.subject, s.side, s.profile::BIGINT AS interface, p.conjunct, p.stage, p.policy_id, p.targets,
    CASE WHEN s.what = 'exposure' THEN 'ingress' END AS direction,
    s.rules_of,
    'before' AS members
FROM sides AS s
JOIN profiles AS p USING (profile)
UNION ALL
SELECT
    s.subject, d.side, 0, 'policy', 1, s.policy_id,
    list_distinct([s.target, ''] || string_split(s.target, ' & ')), NULL,
    CASE WHEN s.what = 'policy' AND d.side = 'old' THEN 'baseline' ELSE 'snapshot' END,
    CASE WHEN s.what = 'members' AND d.side = 'new' THEN 'after' ELSE 'before' END
FROM policy.subjects AS s
CROSS JOIN (VALUES ('old'), ('new')) AS d (side)
WHERE s.what IN ('policy', 'members')
