/*
table = "fresh"
title = "New instances"
description = "Instances that the baseline does not have."
*/
SELECT
    s.cloud, s.account_id, s.region, s.resource_id AS instance_id, s.name, s.table_name,
    s.network_id
FROM snapshot.policy_instances AS s
ANTI JOIN baseline.policy_instances AS b USING (account_id, region, resource_id)
