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
FROM policy.written
WHERE kind <> 'built_in'
GROUP BY policy_id
HAVING before IS DISTINCT FROM after
