/*
table = "touched"
title = "Instances to look at"
description = "Those that a changed policy applies to, those whose layers or paths changed, and new ones with their peers."
*/
WITH layers AS (
    SELECT 'baseline' AS side, instance_id, policy_id,
        hash(interface_id, conjunct, stage, policy_id, targets)::HUGEINT AS content
    FROM baseline.policy_layers
    UNION ALL
    SELECT 'snapshot', instance_id, policy_id,
        hash(interface_id, conjunct, stage, policy_id, targets)::HUGEINT
    FROM snapshot.policy_layers
),

paths AS (
    SELECT 'baseline' AS side, instance_id, hash(interface_id, ipv4, ipv6)::HUGEINT AS content
    FROM baseline.policy_paths
    UNION ALL
    SELECT 'snapshot', instance_id, hash(interface_id, ipv4, ipv6)::HUGEINT
    FROM snapshot.policy_paths
)

SELECT instance_id FROM layers SEMI JOIN policy.changed USING (policy_id)
UNION
SELECT instance_id FROM layers GROUP BY instance_id
HAVING sum(content) FILTER (WHERE side = 'baseline')
    IS DISTINCT FROM sum(content) FILTER (WHERE side = 'snapshot')
UNION
SELECT instance_id FROM paths GROUP BY instance_id
HAVING sum(content) FILTER (WHERE side = 'baseline')
    IS DISTINCT FROM sum(content) FILTER (WHERE side = 'snapshot')
UNION
SELECT unnest([instance_id, peer_id]) FROM policy.fresh
