/*
cloud = "aws"
instances = {aws_ec2_network_interfaces = "instance_arn"}
places = ["aws_ec2_route_tables", "aws_ec2_vpc_block_public_access"]
title = "Paths from the Internet to EC2 network interfaces"
description = "A public address, a route to an internet gateway, and no block of public access. What was not read is taken as open."
*/
WITH routes AS (
    SELECT account_id, region, vpc_id, is_main, internet_ipv4, internet_ipv6,
        unnest(CASE WHEN is_main THEN list_append(subnet_ids, '*') ELSE subnet_ids END) AS subnet_id
    FROM aws_ec2_route_tables
),

blocked AS (
    SELECT DISTINCT account_id, region
    FROM aws_ec2_vpc_block_public_access
    WHERE kind = 'options' AND block_mode IN ('block-ingress', 'block-bidirectional')
),

let_through AS (
    SELECT account_id, region, regexp_extract(excluded_arn, '[^/]+$') AS id
    FROM aws_ec2_vpc_block_public_access
    WHERE kind = 'exclusion' AND exclusion_mode = 'allow-bidirectional'
),

interfaces AS (
    SELECT
        i.*,
        b.account_id IS NOT NULL AND e.id IS NULL AS is_blocked,
        coalesce(i.deny_all_igw_traffic, false) AS is_denied,
        coalesce(r.internet_ipv4, m.internet_ipv4, true) AS route_ipv4,
        coalesce(r.internet_ipv6, m.internet_ipv6, true) AS route_ipv6
    FROM aws_ec2_network_interfaces AS i
    LEFT JOIN blocked AS b ON b.account_id = i.account_id AND b.region = i.region
    LEFT JOIN let_through AS e
        ON e.account_id = i.account_id AND e.region = i.region AND e.id IN (i.vpc_id, i.subnet_id)
    LEFT JOIN routes AS r
        ON r.account_id = i.account_id AND r.region = i.region AND r.subnet_id = i.subnet_id
    LEFT JOIN routes AS m
        ON m.account_id = i.account_id AND m.region = i.region AND m.vpc_id = i.vpc_id
        AND m.subnet_id = '*'
    WHERE i.instance_arn IS NOT NULL
)

SELECT
    account_id, region,
    instance_arn AS instance_id,
    resource_id AS interface_id,
    bool_and(has_public_ip AND route_ipv4 AND NOT is_blocked AND NOT is_denied) AS ipv4,
    bool_and(has_ipv6 AND route_ipv6 AND NOT is_blocked AND NOT is_denied) AS ipv6,
    any_value(private_ips || ipv6_addresses || ipv4_prefixes || ipv6_prefixes) AS addresses,
    list_distinct(flatten(list([o FOR o IN [
        CASE WHEN NOT has_public_ip AND NOT has_ipv6 THEN 'no public address' END,
        CASE WHEN has_public_ip AND NOT route_ipv4 OR has_ipv6 AND NOT route_ipv6
            THEN 'no route to an internet gateway' END,
        CASE WHEN is_blocked THEN 'block of public access' END,
        CASE WHEN is_denied THEN 'the interface denies traffic of internet gateways' END
    ] IF o IS NOT NULL]))) AS obstacles
FROM interfaces
GROUP BY ALL
