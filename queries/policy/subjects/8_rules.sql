/*
table = "rules"
title = "Rules of the policies that matter"
description = "Numbered, so that a number names a rule and a peer. Of rules that decide alike the lowest is named: one that says addresses before one with a symbol, whose members come and go, and built-in ones last."
*/
WITH needed AS (
    SELECT policy_id FROM policy.changed
    UNION
    SELECT policy_id FROM policy.placed
    UNION
    SELECT r.policy_id
    FROM (
        SELECT policy_id, unnest(string_split(symbols, ' & ')) AS symbol
        FROM policy.written
        WHERE side = 'snapshot' AND symbols IS NOT NULL
    ) AS r
    SEMI JOIN policy.symbols USING (symbol)
),

rules AS (
    SELECT 'baseline' AS side, r.* FROM baseline.policy_rules AS r
    SEMI JOIN needed USING (policy_id)
    UNION ALL
    SELECT 'snapshot', r.* FROM snapshot.policy_rules AS r
    SEMI JOIN needed USING (policy_id)
)

SELECT
    row_number() OVER (
        ORDER BY kind = 'built_in', rank, contains(peer, ' '), policy_id, direction, rule_id,
            service, peer, side
    ) AS number,
    *,
    min(side) OVER w = max(side) OVER w AS is_altered,
    CASE action WHEN 'deny' THEN 0 WHEN 'next' THEN 1 WHEN 'inspect' THEN 2 WHEN 'allow' THEN 3 END
        AS level
FROM rules
WINDOW w AS (
    PARTITION BY policy_id, direction, rank, action, service, peer, source_ports, local, targets
)
