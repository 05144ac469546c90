/*
table = "names"
title = "Instances that were looked at, as people find them"
description = "Cloud, table and name of each."
*/
SELECT resource_id AS instance_id, any_value(cloud) AS cloud, any_value(table_name) AS table_name,
    any_value(name) AS name
FROM snapshot.policy_instances
SEMI JOIN policy.touched AS t ON t.instance_id = resource_id
GROUP BY resource_id
