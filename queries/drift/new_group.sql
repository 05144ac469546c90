/*
id = "new_group"
title = "Group of instances that is not in the baseline"
description = "An Auto Scaling group, scale set or managed instance group exists now that nobody has approved. Its finding stands for all members that are as its template says."
severity = "medium"
verdicts = ["NEW"]
attack = ["T1578.002"]
controls = ["nist-800-53-r5:CM-8(3)", "cis-controls-8.1:1.2"]
tables = ["cohort.groups"]
false_positives = "Deployments that nobody has approved yet."
remediation = "Find out who created it; approve it and its template, or scale it to zero and delete it."
*/
SELECT
    g.cloud,
    g.account_id,
    g.region,
    g.group_resource_id AS resource_id,
    g.table_name AS resource_type,
    'NEW' AS verdict,
    CASE WHEN g.members = 0 THEN 'low' ELSE 'medium' END AS severity,
    'group "' || coalesce(g.name, g.group_resource_id) || '" with ' || g.members
    || CASE g.members WHEN 1 THEN ' member' ELSE ' members' END
    || coalesce(' from ' || regexp_extract(g.template, '[^/]+$'), '') AS reason,
    NULL AS before,
    json_object('name', g.name, 'templates', g.templates, 'facts', g.facts) AS after
FROM cohort.groups AS g
WHERE NOT g.is_known
