/*
table = "symbols"
title = "Symbols whose networks changed"
description = "Lists that somebody maintains, such as prefix lists and service tags. Not groups of instances: their members come and go."
*/
SELECT
    symbol,
    sum(content) FILTER (WHERE side = 'baseline') AS before,
    sum(content) FILTER (WHERE side = 'snapshot') AS after
FROM (
    SELECT 'baseline' AS side, symbol, hash(network, is_excluded)::HUGEINT AS content
    FROM baseline.policy_members
    WHERE NOT is_instances
    UNION ALL
    SELECT 'snapshot', symbol, hash(network, is_excluded)::HUGEINT
    FROM snapshot.policy_members
    WHERE NOT is_instances
)
GROUP BY symbol
HAVING before <> after
