/*
title = "Where disks come from"
description = "The snapshot or image that each disk was made from and whose that is; disks that are made from nothing, or from what belongs to the account itself, are not in it. An image that the provider itself publishes is official; all others are not, whoever publishes them."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project of the disk."
region = "Region of the disk."
resource_id = "Globally unique id of the disk."
name = "Name that people gave it."
table_name = "The table that holds all columns of the disk."
origin_id = "The snapshot or image."
owner = "Account, subscription, project, gallery or publisher that it belongs to; empty where not known."
is_official = "Whether it is an image that the provider publishes."
*/
WITH aws_images AS (
    SELECT account_id, region, unnest(snapshot_ids) AS snapshot_id, owner_id, owner_alias
    FROM aws_ec2_images
),

copied AS (
    SELECT
        v.cloud, v.account_id, v.region, v.resource_id, v.name,
        'aws_ec2_ebs_volumes' AS table_name,
        v.snapshot_id AS origin_id,
        min(coalesce(i.owner_alias, i.owner_id)) AS owner
    FROM aws_ec2_ebs_volumes AS v
    LEFT JOIN aws_images AS i USING (account_id, region, snapshot_id)
    ANTI JOIN aws_ec2_ebs_snapshots AS o
        ON o.account_id = v.account_id AND o.region = v.region AND o.snapshot_id = v.snapshot_id
    WHERE v.snapshot_id <> '' AND i.owner_id IS DISTINCT FROM v.account_id
    GROUP BY ALL
    UNION ALL
    SELECT
        cloud, account_id, region, resource_id, name,
        'azure_compute_disks',
        coalesce(source_resource_id, gallery_image_id, image_id) AS origin,
        -- NOTE: images of the marketplace are named in the subscription that uses them.
        coalesce(
            nullif(regexp_extract(origin, '/publishers/([^/]+)/', 1), ''),
            nullif(regexp_extract(origin, '/(?:community|shared)galleries/([^/]+)', 1), ''),
            regexp_extract(origin, '^/subscriptions/([^/]+)/', 1)
        )
    FROM azure_compute_disks
    UNION ALL
    SELECT
        cloud, account_id, region, resource_id, name,
        'gcp_compute_disks',
        coalesce(
            source_snapshot, source_image, source_machine_image, source_disk, source_instant_snapshot
        ) AS origin,
        regexp_extract(origin, '/projects/([^/]+)/', 1)
    FROM gcp_compute_disks
)

SELECT
    *,
    CASE cloud
        WHEN 'aws' THEN coalesce(owner = 'amazon', false)
        WHEN 'azure' THEN starts_with(owner, 'microsoft')
        ELSE owner IN (
            'centos-cloud', 'cos-cloud', 'debian-cloud', 'fedora-coreos-cloud', 'gke-node-images',
            'opensuse-cloud', 'rhel-cloud', 'rhel-sap-cloud', 'rocky-linux-cloud', 'suse-cloud',
            'suse-sap-cloud', 'ubuntu-os-cloud', 'ubuntu-os-pro-cloud', 'windows-cloud',
            'windows-sql-cloud'
        )
    END AS is_official
FROM copied
WHERE origin_id IS NOT NULL AND owner IS DISTINCT FROM account_id
