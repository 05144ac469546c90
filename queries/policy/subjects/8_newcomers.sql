/*
table = "newcomers"
title = "New instances beside their peers"
description = "A new instance's profile, and the profiles of all approved instances of its network together: what any of them accepts is nothing new there."
*/
SELECT
    f.account_id, f.region, f.instance_id, f.name, f.table_name, f.cloud,
    i.after,
    list_sort(list_distinct(flatten(list(p.before)))) AS before,
    count(DISTINCT f.peer_id) AS peers
FROM policy.fresh AS f
JOIN policy.instances AS i ON i.instance_id = f.instance_id AND i.kind = 'profile'
JOIN policy.instances AS p ON p.instance_id = f.peer_id AND p.kind = 'profile'
WHERE i.after IS NOT NULL AND p.before IS NOT NULL
GROUP BY ALL
