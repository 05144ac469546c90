/*
title = "Members of security groups"
description = "A reference to a group means the private addresses of its interfaces: traffic by way of public ones does not match."
*/
SELECT
    'group ' || unnest(security_group_ids) AS symbol,
    unnest(private_ips || ipv6_addresses || ipv4_prefixes || ipv6_prefixes) AS network,
    false AS is_excluded,
    true AS is_instances,
    '' AS version
FROM aws_ec2_network_interfaces
