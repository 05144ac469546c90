/*
title = "Claims of membership"
description = "Instances that say by tags or metadata that they are members of a group, and that no controller lists."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
instance_resource_id = "Globally unique id of the instance."
claimed = "The group as the claim names it."
*/
WITH claims AS (
    SELECT
        cloud, account_id, region, resource_id,
        tags ->> '$."aws:autoscaling:groupName"' AS claimed
    FROM aws_ec2_instances
    UNION ALL
    SELECT
        cloud, account_id, region, resource_id,
        coalesce(scale_set_id, tags ->> '$."aks-managed-poolName"')
    FROM azure_compute_virtual_machines
    UNION ALL
    -- NOTE: only the names of metadata are kept; a managed instance group sets both.
    SELECT
        cloud, account_id, region, resource_id,
        CASE WHEN list_has_all(metadata_keys, ['created-by', 'instance-template'])
            THEN 'a managed instance group' ELSE tags ->> '$."goog-gke-node-pool-name"' END
    FROM gcp_compute_instances
)

SELECT c.cloud, c.account_id, c.region, c.resource_id AS instance_resource_id, c.claimed
FROM claims AS c
ANTI JOIN groups AS m ON m.account_id = c.account_id AND m.instance_resource_id = c.resource_id
WHERE c.claimed IS NOT NULL
