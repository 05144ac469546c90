/*
cloud = "gcp"
instances = {gcp_compute_instances = "resource_id"}
title = "Paths from the Internet to Compute Engine instances"
description = "An external address, and a route to the Internet that holds for the instance. Whether an instance has an external address is known for its interfaces together. What was not read is taken as open."
*/
WITH interfaces AS (
    SELECT
        account_id, region, resource_id, has_public_ip, has_public_ipv6, network_tags,
        private_ips || alias_ip_ranges || ipv6_addresses AS addresses,
        unnest(networks) AS network
    FROM gcp_compute_instances
),

routes AS (
    SELECT
        i.account_id, i.resource_id, i.network,
        bool_or(NOT contains(r.dest_range, ':')) AS ipv4,
        bool_or(contains(r.dest_range, ':')) AS ipv6
    FROM interfaces AS i
    JOIN gcp_compute_routes AS r
        ON r.network = i.network AND r.to_internet
        AND (len(r.network_tags) = 0 OR list_has_any(r.network_tags, i.network_tags))
    GROUP BY ALL
)

SELECT
    i.account_id, i.region,
    i.resource_id AS instance_id,
    i.network AS interface_id,
    i.has_public_ip AND coalesce(r.ipv4, c.account_id IS NULL) AS ipv4,
    i.has_public_ipv6 AND coalesce(r.ipv6, c.account_id IS NULL) AS ipv6,
    i.addresses,
    [o FOR o IN [
        CASE WHEN NOT i.has_public_ip AND NOT i.has_public_ipv6 THEN 'no external address' END,
        CASE WHEN i.has_public_ip AND NOT coalesce(r.ipv4, c.account_id IS NULL)
            OR i.has_public_ipv6 AND NOT coalesce(r.ipv6, c.account_id IS NULL)
            THEN 'no route to the Internet' END
    ] IF o IS NOT NULL] AS obstacles
FROM interfaces AS i
LEFT JOIN routes AS r USING (account_id, resource_id, network)
LEFT JOIN main.compared AS c
    ON c.table_name = 'gcp_compute_routes'
    AND c.account_id = regexp_extract(i.network, 'projects/([^/]+)', 1)
