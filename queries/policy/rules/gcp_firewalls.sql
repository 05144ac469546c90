/*
cloud = "gcp"
resource_type = "gcp_compute_networks"
interfaces = "gcp_compute_instances"
title = "VPC firewall rules"
description = "All rules of a network are one policy; of equal priorities deny decides. What they leave open is for the stages after them; looked at by itself, a network denies ingress and allows egress then."
*/
WITH rules AS (
    SELECT
        account_id, network, lower(direction) AS direction, action, name,
        priority * 2 + CASE action WHEN 'deny' THEN 0 ELSE 1 END AS rank,
        or_else(services, '') AS services,
        CASE direction
            WHEN 'EGRESS' THEN destination_ranges
            ELSE source_ranges
                || symbols('network-tag', [t || ' of ' || network FOR t IN source_tags])
                || symbols('service-account', [a || ' of ' || network FOR a IN source_service_accounts])
        END AS peers,
        or_else(CASE direction WHEN 'EGRESS' THEN source_ranges ELSE destination_ranges END, NULL)
            AS locals,
        symbols('tag', target_tags) || symbols('account', target_service_accounts) AS targets
    FROM gcp_compute_firewalls
    WHERE NOT coalesce(disabled, false)
)

SELECT
    r.account_id,
    'global' AS region,
    r.network AS policy_id,
    r.direction, r.rank, r.action, s.service, p.peer,
    NULL AS source_ports,
    l.local,
    r.name AS rule_id,
    r.targets
FROM rules AS r, unnest(r.services) AS s (service), unnest(r.peers) AS p (peer),
    unnest(r.locals) AS l (local)
UNION ALL
SELECT
    n.account_id, 'global', n.resource_id, d.direction, 2147483647, d.action, 'all', '*', NULL, NULL,
    'no rule', ['']
FROM gcp_compute_networks AS n
CROSS JOIN (VALUES ('ingress', 'deny'), ('egress', 'allow')) AS d (direction, action)
WHERE EXISTS (
    SELECT 1 FROM main.compared AS c
    WHERE c.table_name = 'gcp_compute_firewalls' AND c.account_id = n.account_id
)
