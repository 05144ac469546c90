/*
cloud = "aws"
title = "Members of security groups"
description = "A reference to a group means the private addresses of its interfaces: traffic by way of public ones does not match."
*/
SELECT
    'group ' || group_id AS symbol,
    unnest(addresses) AS network,
    false AS is_excluded,
    true AS is_instances,
    '' AS version
FROM (
    SELECT
        unnest(security_group_ids) AS group_id,
        private_ips || ipv6_addresses || ipv4_prefixes || ipv6_prefixes AS addresses
    FROM aws_ec2_network_interfaces
)
