/*
table = "explained"
title = "Instances that a group explains"
description = "New instances that their group's finding stands for, or that need none, and members that are gone from a group that still exists. `settles` where its policies are what was approved for its group; the group where its template is another one."
*/
SELECT
    resource_id,
    settles,
    CASE WHEN status IN ('other', 'unread') THEN group_resource_id END AS group_resource_id,
    CASE WHEN status IN ('other', 'unread') THEN group_table END AS group_table
FROM cohort.members
WHERE status <> 'unverified'
UNION ALL
SELECT b.instance_resource_id, false, NULL, NULL
FROM baseline.groups AS b
JOIN snapshot.instance_groups AS s
    ON s.account_id = b.account_id AND s.group_resource_id = b.group_resource_id
SEMI JOIN cohort.gone AS g
    ON g.account_id = b.account_id AND g.resource_id = b.instance_resource_id
