/*
title = "Who else may use snapshots and images"
description = "Snapshots and images that the account owns, one row each, and who besides it may read or start them. In Azure a snapshot is shared by a URL that exports it, an image by its gallery; in Google Cloud by bindings of its own."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the snapshot, image or gallery."
name = "Name that people gave it."
table_name = "The table that says with whom it is shared."
kind = "snapshot or image."
shared_with = "Everyone, accounts, organisations or bindings, everyone last; empty where not read."
is_public = "Whether anyone may use it."
*/
SELECT
    cloud, account_id, region, resource_id, name,
    'aws_ec2_ebs_snapshots' AS table_name,
    'snapshot' AS kind,
    CASE
        WHEN shared_with IS NULL THEN NULL
        WHEN public THEN list_append(shared_with, 'everyone')
        ELSE shared_with
    END AS shared_with,
    coalesce(public, false) AS is_public
FROM aws_ec2_ebs_snapshots
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'aws_ec2_images', 'image',
    CASE
        WHEN shared_with IS NULL THEN NULL
        WHEN public THEN list_append(list_concat(shared_with, shared_with_org_arns), 'everyone')
        ELSE list_concat(shared_with, shared_with_org_arns)
    END,
    coalesce(public, false)
FROM aws_ec2_images
WHERE owner_id = account_id OR shared_with IS NOT NULL
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'azure_compute_snapshots', 'snapshot',
    CASE WHEN has_active_sas THEN ['holders of a URL that exports it'] ELSE [] END,
    false
FROM azure_compute_snapshots
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'azure_compute_galleries', 'image',
    CASE
        WHEN community_gallery_enabled OR sharing_permissions = 'Community'
            THEN list_append(coalesce(shared_with, []), 'everyone')
        ELSE coalesce(shared_with, [])
    END,
    coalesce(community_gallery_enabled OR sharing_permissions = 'Community', false)
FROM azure_compute_galleries
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'gcp_compute_snapshot_iam_bindings', 'snapshot', bindings, is_public
FROM gcp_compute_snapshot_iam_bindings
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'gcp_compute_image_iam_bindings', 'image', bindings, is_public
FROM gcp_compute_image_iam_bindings
