/*
cloud = "aws"
instances = {aws_ec2_network_interfaces = "instance_arn"}
places = ["aws_ec2_security_groups"]
title = "Security groups of EC2 network interfaces"
description = "All groups of an interface count as one: what any of them allows is allowed."
*/
WITH interfaces AS (
    SELECT
        account_id, region, resource_id, instance_arn,
        left(instance_arn, strpos(instance_arn, ':instance/')) AS prefix,
        unnest(security_group_ids) AS group_id
    FROM aws_ec2_network_interfaces
    WHERE instance_arn IS NOT NULL
),

shared AS (
    SELECT account_id, group_id, resource_id
    FROM aws_ec2_security_groups
    WHERE owner_id <> account_id
)

SELECT
    i.account_id, i.region,
    i.instance_arn AS instance_id,
    i.resource_id AS interface_id,
    'group' AS conjunct,
    1 AS stage,
    coalesce(s.resource_id, i.prefix || 'security-group/' || i.group_id) AS policy_id,
    [] AS targets
FROM interfaces AS i
LEFT JOIN shared AS s ON s.account_id = i.account_id AND s.group_id = i.group_id
