/*
title = "Security policies"
description = "What may carry rules: security groups, one row each."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region."
resource_id = "Globally unique id of the policy."
name = "Name of the policy."
tags = "Tags or labels as an object."
table_name = "The table that holds all columns of this policy."
kind = "Kind of policy: security_group."
policy_id = "Short id by which instances and rules refer to it."
network_id = "Network that it belongs to."
description = "Description that people gave it."
*/
SELECT
    cloud,
    account_id,
    region,
    resource_id,
    name,
    tags,
    'aws_ec2_security_groups' AS table_name,
    'security_group' AS kind,
    group_id AS policy_id,
    vpc_id AS network_id,
    description
FROM aws_ec2_security_groups
