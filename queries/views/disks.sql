/*
title = "Disks"
description = "Block storage volumes of all clouds, one row each."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the disk."
name = "Name that people gave it."
tags = "Tags or labels as an object."
disk_id = "Id by which snapshots name their source."
attached_to = "Instances that it is attached to, as the provider names them."
size_gb = "Size in GB."
is_encrypted = "Whether it is encrypted with any key; Azure and GCP always do."
key_id = "Key of the customer, if any."
source_snapshot_id = "Snapshot that it was made from."
source_image_id = "Image that it was made from."
*/
SELECT
    cloud, account_id, region, resource_id, name, tags,
    volume_id AS disk_id,
    instance_arns AS attached_to,
    size AS size_gb,
    encrypted AS is_encrypted,
    kms_key_id AS key_id,
    nullif(snapshot_id, '') AS source_snapshot_id,
    NULL AS source_image_id
FROM aws_ec2_ebs_volumes
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    resource_id,
    machine_ids,
    size_gb,
    true,
    disk_encryption_set_id,
    CASE WHEN contains(source_resource_id, '/snapshots/') THEN source_resource_id END,
    coalesce(gallery_image_id, image_id)
FROM azure_compute_disks
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    resource_id,
    user_ids,
    size_gb,
    true,
    encryption_key,
    source_snapshot,
    source_image
FROM gcp_compute_disks
