/*
table = "fresh"
title = "New instances"
description = "Instances that the baseline does not have, or has in another incarnation."
*/
SELECT
    s.cloud, s.account_id, s.region, s.resource_id, s.table_name,
    b.resource_id IS NOT NULL AS is_known
FROM snapshot.instances AS s
LEFT JOIN baseline.instances AS b
    ON b.resource_id = s.resource_id AND b.account_id = s.account_id AND b.region = s.region
WHERE b.resource_id IS NULL OR b.incarnation_id IS DISTINCT FROM s.incarnation_id
