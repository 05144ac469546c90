/*
title = "Disk snapshots"
description = "Snapshots of disks of all clouds, one row each, and who may read them."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the snapshot."
name = "Name that people gave it."
tags = "Tags or labels as an object."
snapshot_id = "Id by which disks name their source."
source_disk_id = "Disk that it was taken of, as in the view disks."
size_gb = "Size of the disk in GB."
is_public = "Whether anyone may read it; empty where that was not read."
shared_with = "Accounts and members that may read it besides the owner; empty where not read."
*/
SELECT
    cloud, account_id, region, resource_id, name, tags,
    snapshot_id,
    volume_id AS source_disk_id,
    volume_size AS size_gb,
    public AS is_public,
    shared_with
FROM aws_ec2_ebs_snapshots
UNION ALL
SELECT
    cloud, account_id, region, resource_id, name, tags,
    resource_id,
    source_resource_id,
    size_gb,
    network_access_policy = 'AllowAll' AND has_active_sas,
    NULL
FROM azure_compute_snapshots
UNION ALL
SELECT
    s.cloud, s.account_id, s.region, s.resource_id, s.name, s.tags,
    s.resource_id,
    s.source_disk,
    s.disk_size_gb,
    b.is_public,
    b.members
FROM gcp_compute_snapshots AS s
LEFT JOIN gcp_compute_snapshot_iam_bindings AS b USING (account_id, resource_id)
