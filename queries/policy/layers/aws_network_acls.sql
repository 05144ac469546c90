/*
cloud = "aws"
instances = {aws_ec2_network_interfaces = "instance_arn"}
places = ["aws_ec2_network_acls"]
title = "Network ACLs of EC2 network interfaces"
description = "The network ACL of the interface's subnet; left out where its entries were not read."
*/
SELECT
    i.account_id, i.region,
    i.instance_arn AS instance_id,
    i.resource_id AS interface_id,
    'network ACL' AS conjunct,
    1 AS stage,
    a.resource_id AS policy_id,
    [] AS targets
FROM aws_ec2_network_interfaces AS i
JOIN (SELECT *, unnest(subnet_ids) AS subnet_id FROM aws_ec2_network_acls) AS a
    ON a.account_id = i.account_id AND a.region = i.region AND a.subnet_id = i.subnet_id
WHERE i.instance_arn IS NOT NULL AND EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'aws_ec2_network_acl_entries' AND c.account_id = i.account_id
        AND c.region = i.region
)
