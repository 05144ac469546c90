/*
table = "written"
title = "What rules say"
description = "One row per side and rule, as a hash, so that every rule is read once. `content` leaves out ids, descriptions and order; `symbols` is the peer where it is more than addresses."
*/
SELECT 'baseline' AS side, kind, policy_id, targets,
    CASE WHEN contains(peer, ' ') THEN peer END AS symbols,
    hash(direction, rank, action, service, peer, source_ports, local, targets)::HUGEINT AS content
FROM baseline.policy_rules
UNION ALL
SELECT 'snapshot', kind, policy_id, targets,
    CASE WHEN contains(peer, ' ') THEN peer END,
    hash(direction, rank, action, service, peer, source_ports, local, targets)::HUGEINT
FROM snapshot.policy_rules
