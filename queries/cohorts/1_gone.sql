/*
table = "gone"
title = "Instances of the baseline that are gone"
description = "Those that no longer exist in a scope that was read completely."
*/
SELECT b.cloud, b.account_id, b.region, b.resource_id, b.table_name
FROM baseline.instances AS b
ANTI JOIN snapshot.instances AS s
    ON s.resource_id = b.resource_id AND s.account_id = b.account_id AND s.region = b.region
