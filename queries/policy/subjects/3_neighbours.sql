/*
table = "neighbours"
title = "Peers of new instances"
description = "The approved instances of their networks."
*/
SELECT p.account_id, p.network_id, p.resource_id AS instance_id
FROM baseline.policy_instances AS p
SEMI JOIN policy.fresh AS f
    ON f.account_id = p.account_id AND f.network_id IS NOT DISTINCT FROM p.network_id
