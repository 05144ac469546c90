/*
title = "What the absence of a policy means"
description = "An absent policy that allows everything, what a VPC network of Google Cloud does in the end, and whether a path to the Internet exists."
*/
SELECT
    '' AS account_id,
    '' AS region,
    policy_id,
    unnest(['ingress', 'egress']) AS direction,
    rank,
    action,
    'all' AS service,
    peer,
    NULL AS source_ports,
    NULL AS local,
    policy_id AS rule_id,
    [] AS targets
FROM (VALUES
    ('no policy', 1, 'allow', '*'),
    ('public path', 1, 'allow', 'internet ipv4'),
    ('public path', 1, 'allow', 'internet ipv6'),
    ('public path', 2, 'deny', '*'),
    ('public ipv4 path', 1, 'allow', 'internet ipv4'),
    ('public ipv4 path', 2, 'deny', '*'),
    ('public ipv6 path', 1, 'allow', 'internet ipv6'),
    ('public ipv6 path', 2, 'deny', '*'),
    ('no public path', 2, 'deny', '*')
) AS built_in (policy_id, rank, action, peer)
UNION ALL
SELECT '', '', 'implied rules', direction, 1, action, 'all', '*', NULL, NULL, 'implied rules', []
FROM (VALUES ('ingress', 'deny'), ('egress', 'allow')) AS implied (direction, action)
