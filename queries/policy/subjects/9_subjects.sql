/*
table = "subjects"
title = "What is compared"
description = "A policy by itself, for each kind of target; a policy whose symbols changed; each distinct pair of profiles; and each new instance with its peers."
*/
WITH objects AS (
    SELECT c.policy_id, c.kind, unnest(CASE WHEN r.targets = [] THEN [''] ELSE r.targets END) AS target
    FROM policy.changed AS c
    JOIN policy.rules AS r USING (policy_id)
    WHERE c.before IS NOT NULL AND c.after IS NOT NULL
),

symbolic AS (
    SELECT r.policy_id, r.kind, unnest(CASE WHEN r.targets = [] THEN [''] ELSE r.targets END) AS target
    FROM (
        SELECT *, unnest(string_split(peer, ' & ')) AS symbol
        FROM policy.rules
        WHERE side = 'snapshot' AND contains(peer, ' ')
    ) AS r
    SEMI JOIN policy.symbols USING (symbol)
),

pairs AS (
    SELECT DISTINCT i.kind, i.before, i.after
    FROM policy.instances AS i
    WHERE i.before IS NOT NULL AND i.after IS NOT NULL
),

fresh AS (
    SELECT f.instance_id, i.after,
        list_sort(list_distinct(flatten(list(p.before)))) AS before
    FROM policy.fresh AS f
    JOIN policy.instances AS i ON i.instance_id = f.instance_id AND i.kind = 'profile'
    JOIN policy.instances AS p ON p.instance_id = f.peer_id AND p.kind = 'profile'
    WHERE i.after IS NOT NULL AND p.before IS NOT NULL
    GROUP BY ALL
),

every AS (
    SELECT DISTINCT 'policy' AS what, policy_id, kind, target, NULL::BIGINT[] AS before, NULL::BIGINT[] AS after
    FROM objects
    UNION ALL
    SELECT DISTINCT 'members', policy_id, kind, target, NULL, NULL FROM symbolic
    UNION ALL
    SELECT kind, NULL, NULL, '', before, after FROM pairs
    UNION ALL
    SELECT DISTINCT 'peers', NULL, NULL, '', before, after FROM fresh
)

SELECT row_number() OVER () AS subject, *
FROM every
