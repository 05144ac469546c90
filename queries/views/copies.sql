/*
title = "Disks and what they were copied from"
description = "Disks, disk snapshots and images of all clouds with the source of their content; one row for each source, and one for what has none."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the copy."
name = "Name that people gave it."
table_name = "The table that holds all columns of it."
kind = "disk, snapshot or image."
copy_id = "Id by which copies of it name it as their source."
source_id = "The copy_id of what it was made from; empty for an empty disk."
attached_to = "Instances that a disk is attached to."
*/
SELECT
    cloud, account_id, region, resource_id, name,
    'aws_ec2_ebs_volumes' AS table_name,
    'disk' AS kind,
    account_id || '/' || volume_id AS copy_id,
    account_id || '/' || coalesce(nullif(snapshot_id, ''), source_volume_id) AS source_id,
    instance_arns AS attached_to
FROM aws_ec2_ebs_volumes
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'aws_ec2_ebs_snapshots', 'snapshot',
    account_id || '/' || snapshot_id,
    account_id || '/' || volume_id,
    []
FROM aws_ec2_ebs_snapshots
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'azure_compute_disks', 'disk',
    resource_id,
    coalesce(source_resource_id, gallery_image_id, image_id),
    machine_ids
FROM azure_compute_disks
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'azure_compute_snapshots', 'snapshot', resource_id, source_resource_id, []
FROM azure_compute_snapshots
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'azure_compute_images', 'image',
    resource_id,
    unnest(source_disk_ids || source_snapshot_ids),
    []
FROM azure_compute_images
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'gcp_compute_disks', 'disk',
    resource_id,
    coalesce(
        source_snapshot, source_disk, source_image, source_instant_snapshot, source_machine_image
    ),
    user_ids
FROM gcp_compute_disks
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'gcp_compute_snapshots', 'snapshot', resource_id, source_disk, []
FROM gcp_compute_snapshots
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'gcp_compute_images', 'image',
    resource_id,
    coalesce(source_snapshot, source_disk, source_image),
    []
FROM gcp_compute_images
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name,
    'gcp_compute_machine_images', 'image', resource_id, unnest(saved_disk_ids), []
FROM gcp_compute_machine_images
