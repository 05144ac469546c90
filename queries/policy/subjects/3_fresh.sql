/*
table = "fresh"
title = "New instances and their peers"
description = "Instances that the baseline does not have, each with the approved instances of its network."
*/
SELECT
    s.cloud, s.account_id, s.region, s.resource_id AS instance_id, s.name, s.table_name,
    p.resource_id AS peer_id
FROM snapshot.instances AS s
ANTI JOIN baseline.instances AS b USING (account_id, region, resource_id)
LEFT JOIN baseline.instances AS p
    ON p.account_id = s.account_id AND p.network_id IS NOT DISTINCT FROM s.network_id
