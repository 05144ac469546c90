/*
table = "newcomers"
title = "New members of groups"
description = "Instances that are new or recreated and that a controller lists as members."
*/
SELECT n.* EXCLUDE (is_known), m.group_resource_id, m.template
FROM cohort.fresh AS n
JOIN snapshot.groups AS m ON m.account_id = n.account_id AND m.instance_resource_id = n.resource_id
