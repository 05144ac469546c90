/*
table = "explained"
title = "Instances that a group explains"
description = "New instances that their group's finding stands for, or that need none, and members that are gone from a group that still exists."
*/
SELECT resource_id, status = 'conforming' AS conforms
FROM cohort.members
WHERE status <> 'unverified'
UNION ALL
SELECT b.instance_resource_id, false
FROM baseline.groups AS b
JOIN snapshot.instance_groups AS s
    ON s.account_id = b.account_id AND s.group_resource_id = b.group_resource_id
ANTI JOIN snapshot.instances AS n ON n.resource_id = b.instance_resource_id
