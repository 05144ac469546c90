/*
table = "subjects"
title = "What is compared"
description = "A policy by itself, for each kind of target; a policy whose symbols changed; each distinct pair of profiles; and each new instance with its peers."
*/
WITH objects AS (
    SELECT c.policy_id, c.kind,
        unnest(CASE WHEN r.targets = [] THEN [''] ELSE r.targets END) AS target
    FROM policy.changed AS c
    JOIN policy.rules AS r USING (policy_id)
    WHERE c.before IS NOT NULL AND c.after IS NOT NULL
),

symbolic AS (
    SELECT r.policy_id, r.kind,
        unnest(CASE WHEN r.targets = [] THEN [''] ELSE r.targets END) AS target
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
    SEMI JOIN policy.affected AS a USING (instance_id)
    WHERE i.before IS NOT NULL AND i.after IS NOT NULL
),

every AS (
    SELECT DISTINCT 'policy' AS what, policy_id, kind, target,
        NULL::BIGINT[] AS before, NULL::BIGINT[] AS after
    FROM objects
    UNION ALL
    SELECT DISTINCT 'members', policy_id, kind, target, NULL, NULL FROM symbolic
    UNION ALL
    SELECT kind, NULL, NULL, '', before, after FROM pairs
    UNION ALL
    SELECT DISTINCT 'peers', NULL, NULL, '', before, after FROM policy.newcomers
)

SELECT row_number() OVER () AS subject, *
FROM every
