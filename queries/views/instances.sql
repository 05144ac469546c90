/*
title = "Instances"
description = "Virtual machines of all clouds that exist, one row each."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the instance."
incarnation_id = "What changes when an instance is recreated under the same id."
name = "Name that people gave it."
tags = "Tags or labels as an object."
table_name = "The table that holds all columns of this instance."
state = "State in the provider's words."
instance_type = "Machine size in the provider's words."
image_id = "Image that it was started from."
network_id = "Network of its first interface."
subnet_id = "Subnetwork of its first interface."
has_public_ip = "Whether an interface has a public IPv4 address."
identity = "Role or service account that its programs can use."
policy_ids = "Security groups that apply to it, sorted."
key_name = "Name of the SSH key it was started with."
*/
SELECT
    cloud,
    account_id,
    region,
    resource_id,
    incarnation_id,
    name,
    tags,
    'aws_ec2_instances' AS table_name,
    state,
    instance_type,
    image_id,
    vpc_id AS network_id,
    subnet_id,
    has_public_ip,
    iam_instance_profile_arn AS identity,
    security_group_ids AS policy_ids,
    key_name
FROM aws_ec2_instances
