/*
table = "recreated"
title = "Instances that took the place of others"
description = "Pairs of an approved instance that is gone and a new one of the same class: image, size, identity, policies, key, metadata options, public address, user data and subnet are all the same. No instance stands in two pairs: one more than is gone is new."
*/
WITH before AS (
    SELECT
        b.*, l.facts,
        row_number() OVER (PARTITION BY l.facts, b.account_id, b.region, b.network_id, b.subnet_id,
            b.table_name, b.identity, b.policy_ids, b.key_name, b.has_public_ip
            ORDER BY b.resource_id) AS place
    FROM cohort.gone AS g
    ANTI JOIN cohort.explained AS e USING (resource_id)
    ANTI JOIN cohort.unsure AS u USING (account_id, resource_id)
    JOIN baseline.instances AS b USING (account_id, region, resource_id)
    JOIN baseline.launched AS l
        ON l.account_id = b.account_id AND l.instance_resource_id = b.resource_id
    WHERE b.image_id IS NOT NULL AND b.network_id IS NOT NULL
),

after AS (
    SELECT
        s.*, l.facts,
        row_number() OVER (PARTITION BY l.facts, s.account_id, s.region, s.network_id, s.subnet_id,
            s.table_name, s.identity, s.policy_ids, s.key_name, s.has_public_ip
            ORDER BY s.resource_id) AS place
    FROM cohort.fresh AS f
    ANTI JOIN cohort.explained AS e USING (resource_id)
    ANTI JOIN cohort.unsure AS u USING (account_id, resource_id)
    JOIN snapshot.instances AS s USING (account_id, region, resource_id)
    JOIN snapshot.launched AS l
        ON l.account_id = s.account_id AND l.instance_resource_id = s.resource_id
    WHERE NOT f.is_known
)

SELECT
    a.account_id, a.region, a.resource_id,
    o.resource_id AS old_resource_id,
    o.name AS old_name,
    list_contains(list_transform(a.facts, lambda x: x IS NULL), true) AS is_unsure
FROM after AS a
JOIN before AS o USING (account_id, region, network_id, table_name, place)
WHERE o.facts = a.facts
    AND o.subnet_id IS NOT DISTINCT FROM a.subnet_id
    AND o.identity IS NOT DISTINCT FROM a.identity
    AND o.policy_ids IS NOT DISTINCT FROM a.policy_ids
    AND o.key_name IS NOT DISTINCT FROM a.key_name
    AND o.has_public_ip IS NOT DISTINCT FROM a.has_public_ip
