/*
table = "newcomers"
title = "New members of groups"
description = "Instances that are new or recreated and that a controller lists as members."
*/
WITH fresh AS (
    SELECT s.cloud, s.account_id, s.region, s.resource_id, s.table_name
    FROM snapshot.instances AS s
    ANTI JOIN baseline.instances AS b
        ON b.resource_id = s.resource_id AND b.account_id = s.account_id AND b.region = s.region
        AND b.incarnation_id IS NOT DISTINCT FROM s.incarnation_id
)

SELECT n.*, m.group_resource_id, m.template
FROM fresh AS n
JOIN snapshot.groups AS m ON m.account_id = n.account_id AND m.instance_resource_id = n.resource_id
