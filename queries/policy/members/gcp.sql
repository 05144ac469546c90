/*
cloud = "gcp"
title = "Members of network tags, service accounts and VPC networks"
description = "Tags and accounts as sources mean the internal addresses of their instances in the same network, never external ones. A VPC network means the ranges of its subnetworks."
*/
WITH instances AS (
    SELECT
        unnest(networks) AS network,
        symbols('network-tag', network_tags) || symbols('service-account', service_account_emails)
            AS symbols,
        private_ips || ipv6_addresses AS addresses
    FROM gcp_compute_instances
),

named AS (
    SELECT unnest(symbols) || ' of ' || network AS symbol, addresses
    FROM instances
)

SELECT symbol, unnest(addresses) AS network, false AS is_excluded, true AS is_instances, '' AS version
FROM named
UNION ALL
SELECT
    'vpc-network ' || network,
    unnest(list_concat(
        [ip_cidr_range, ipv6_cidr_range], [split_part(r, '=', 2) FOR r IN secondary_ranges]
    )),
    false, false, ''
FROM gcp_compute_subnetworks
