/*
table = "changed"
title = "Policies whose rules changed"
description = "By what the rules say, not by their ids, descriptions or order. A policy that one side only has is in it, too."
*/
SELECT
    policy_id,
    any_value(kind) AS kind,
    sum(content) FILTER (WHERE side = 'baseline') AS before,
    sum(content) FILTER (WHERE side = 'snapshot') AS after
FROM (
    SELECT 'baseline' AS side, kind, policy_id,
        hash(direction, rank, action, service, peer, source_ports, local, targets)::HUGEINT
            AS content
    FROM baseline.policy_rules
    WHERE kind <> 'built_in'
    UNION ALL
    SELECT 'snapshot', kind, policy_id,
        hash(direction, rank, action, service, peer, source_ports, local, targets)::HUGEINT
    FROM snapshot.policy_rules
    WHERE kind <> 'built_in'
)
GROUP BY policy_id
HAVING before IS DISTINCT FROM after
