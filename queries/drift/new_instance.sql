/*
id = "new_instance"
title = "Instance that is not in the baseline"
description = "An instance exists now that nobody has approved. A member that conforms to the approved template of its group is none; one that a group's finding stands for is told there. Where groups that are in the baseline were not read, it is not known whether one that says it is a member is new. The reason names the nearest approved instance of its network, and the rung of the ladder on which it was matched."
severity = "medium"
verdicts = ["NEW", "UNKNOWN"]
attack = ["T1578.002"]
controls = ["nist-800-53-r5:CM-8(3)", "cis-controls-8.1:1.2"]
tables = ["instances", "cohort.explained", "cohort.recreated", "cohort.unsure"]
false_positives = "Deployments and scaling that nobody has approved yet."
remediation = "Find out who started it and why; approve it, or stop it and keep its disks as evidence."
*/
WITH fresh AS (
    SELECT s.*, hash(s.account_id, s.region, s.network_id, s.instance_type, s.image_id, s.identity,
        s.policy_ids, s.key_name, s.has_public_ip) AS profile
    FROM snapshot.instances AS s
    ANTI JOIN baseline.instances AS b USING (account_id, region, resource_id)
    ANTI JOIN cohort.explained AS e USING (resource_id)
    ANTI JOIN cohort.recreated AS r USING (account_id, region, resource_id)
),

peers AS (
    SELECT b.account_id, b.region, b.network_id, b.instance_type, b.image_id, b.identity, b.policy_ids,
        b.key_name, b.has_public_ip, coalesce(min(b.name), 'one without a name') AS example
    FROM baseline.instances AS b
    GROUP BY b.account_id, b.region, b.network_id, b.instance_type, b.image_id, b.identity,
        b.policy_ids, b.key_name, b.has_public_ip
    QUALIFY row_number() OVER (
        PARTITION BY b.account_id, b.region, b.network_id ORDER BY count(*) DESC, min(b.resource_id)) <= 100
),

nearest AS (
    SELECT f.profile, p.example, list_filter([
        CASE WHEN f.image_id IS DISTINCT FROM p.image_id THEN 'image' END,
        CASE WHEN f.identity IS DISTINCT FROM p.identity THEN 'role' END,
        CASE WHEN f.policy_ids IS DISTINCT FROM p.policy_ids THEN 'groups' END,
        CASE WHEN f.has_public_ip IS DISTINCT FROM p.has_public_ip THEN 'public address' END,
        CASE WHEN f.key_name IS DISTINCT FROM p.key_name THEN 'key' END,
        CASE WHEN f.instance_type IS DISTINCT FROM p.instance_type THEN 'type' END
    ], lambda x: x IS NOT NULL) AS differs
    FROM (SELECT * FROM fresh QUALIFY row_number() OVER (PARTITION BY profile) = 1) AS f
    JOIN peers AS p USING (account_id, region, network_id)
    QUALIFY row_number() OVER (PARTITION BY f.profile ORDER BY len(differs), p.example, differs) = 1
)

SELECT
    s.cloud, s.account_id, s.region, s.resource_id, s.table_name AS resource_type,
    if(u.resource_id IS NULL, 'NEW', 'UNKNOWN') AS verdict,
    if(u.resource_id IS NULL, 'medium', 'low') AS severity,
    concat_ws(
        ', ',
        coalesce(s.instance_type, 'instance') || ' from ' || coalesce(s.image_id, 'unknown image'),
        CASE WHEN s.has_public_ip THEN 'with a public address' END,
        'role ' || regexp_extract(s.identity, '[^/]+$'),
        'groups ' || nullif(array_to_string(s.policy_ids, ' '), '')
    ) || CASE
        WHEN len(n.differs) = 0 THEN '; rung 4: one more like ' || n.example
        WHEN n.differs IS NOT NULL
            THEN '; rung 5: as ' || n.example || ' but for ' || array_to_string(n.differs, ', ')
        WHEN s.network_id IS NOT NULL THEN '; rung 6: nothing like it is approved in its network'
        ELSE '' END
    || if(u.resource_id IS NULL, '', '; whether it is a member of its group could not be read') AS reason,
    NULL AS before,
    json_object('name', s.name, 'instance_type', s.instance_type, 'image_id', s.image_id,
        'subnet_id', s.subnet_id, 'has_public_ip', s.has_public_ip, 'identity', s.identity,
        'policy_ids', s.policy_ids, 'key_name', s.key_name) AS after
FROM fresh AS s
LEFT JOIN nearest AS n USING (profile)
LEFT JOIN cohort.unsure AS u ON u.account_id = s.account_id AND u.resource_id = s.resource_id
