/*
cloud = "azure"
title = "Members of application security groups"
description = "A rule that names one means the private addresses of its interfaces."
*/
WITH members AS (
    SELECT unnest(application_security_group_ids) AS group_id, private_ips
    FROM azure_network_interfaces
    UNION ALL
    SELECT unnest(application_security_group_ids), private_ips
    FROM azure_network_scale_set_network_interfaces
)

SELECT
    'application-security-group ' || group_id AS symbol,
    unnest(private_ips) AS network,
    false AS is_excluded,
    true AS is_instances,
    '' AS version
FROM members
