/*
cloud = "aws"
instances = {aws_ec2_network_interfaces = "instance_arn"}
places = ["aws_ec2_security_groups"]
title = "Security groups of EC2 network interfaces"
description = "All groups of an interface count as one: what any of them allows is allowed. A group that is not listed allows nothing that is known; left out where rules were not read."
*/
WITH interfaces AS (
    SELECT account_id, region, resource_id, instance_arn, unnest(security_group_ids) AS group_id
    FROM aws_ec2_network_interfaces
    WHERE instance_arn IS NOT NULL
)

SELECT
    i.account_id, i.region,
    i.instance_arn AS instance_id,
    i.resource_id AS interface_id,
    'group' AS conjunct,
    1 AS stage,
    g.resource_id AS policy_id,
    [] AS targets
FROM interfaces AS i
JOIN aws_ec2_security_groups AS g
    ON g.account_id = i.account_id AND g.region = i.region AND g.group_id = i.group_id
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'aws_ec2_security_group_rules' AND c.account_id = i.account_id
        AND c.region = i.region
)
