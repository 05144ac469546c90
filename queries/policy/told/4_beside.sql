/*
table = "beside"
title = "New instances, as people find them"
description = "Each with its comparison, the number of its peers, and its path from the Internet."
*/
SELECT
    n.instance_id, n.cloud, n.account_id, n.region, n.table_name, n.name, s.subject, n.peers,
    max(p.policy_id) AS path
FROM policy.newcomers AS n
JOIN policy.subjects AS s ON s.what = 'peers' AND s.before = n.before AND s.after = n.after
LEFT JOIN policy.placed AS p
    ON p.instance_id = n.instance_id AND p.side = 'snapshot' AND p.conjunct = 'path'
GROUP BY ALL
