/*
title = "Circumstances"
description = "What makes a change of an instance or disk matter more or less, one row each."
[columns]
account_id = "AWS account, Azure subscription or GCP project."
resource_id = "Globally unique id of the instance or disk."
is_public = "Whether it has a public IPv4 address."
is_production = "Whether a tag or label that names the environment says production."
is_idle = "Whether it is a disk that is attached to nothing."
*/
SELECT
    account_id, resource_id,
    coalesce(has_public_ip, false) AS is_public,
    memory.main.is_production(tags) AS is_production,
    false AS is_idle
FROM instances
UNION ALL
SELECT account_id, resource_id, false, false, coalesce(len(attached_to) = 0, false)
FROM disks
