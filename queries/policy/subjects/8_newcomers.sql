/*
table = "newcomers"
title = "New instances beside their peers"
description = "A new instance's profile, and the profiles of all approved instances of its network together: what any of them accepts is nothing new there."
*/
WITH networks AS (
    SELECT p.account_id, p.network_id,
        list_sort(list_distinct(flatten(list(DISTINCT i.before)))) AS before,
        count(DISTINCT p.instance_id) AS peers
    FROM policy.neighbours AS p
    JOIN policy.instances AS i ON i.instance_id = p.instance_id AND i.kind = 'profile'
    WHERE i.before IS NOT NULL
    GROUP BY ALL
)

SELECT
    f.account_id, f.region, f.instance_id, f.name, f.table_name, f.cloud,
    i.after, n.before, n.peers
FROM policy.fresh AS f
JOIN policy.instances AS i ON i.instance_id = f.instance_id AND i.kind = 'profile'
JOIN networks AS n
    ON n.account_id = f.account_id AND n.network_id IS NOT DISTINCT FROM f.network_id
WHERE i.after IS NOT NULL
