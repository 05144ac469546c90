/*
id = "replaced_instance"
title = "Instance was recreated"
description = "The id is in the baseline, but it names another incarnation now (rung 2): nothing that was approved about the old one holds for it. Or an approved instance is gone and another one of the very same class is there (rung 4)."
severity = "medium"
verdicts = ["REPLACED", "UNKNOWN"]
attack = ["T1578.002", "T1578.003"]
controls = ["nist-800-53-r5:CM-8(3)"]
tables = ["instances", "cohort.explained", "cohort.recreated", "cohort.unsure"]
false_positives = "Deployments that delete and create under one name."
remediation = "Compare before and after; approve the new incarnation, or find out who recreated it."
*/
WITH pairs AS (
    SELECT s.account_id, s.region, s.resource_id, s.resource_id AS old_resource_id, 'medium' AS severity,
        coalesce(b.incarnation_id, 'unknown') || ' is now ' || coalesce(s.incarnation_id, 'unknown')
            AS reason
    FROM snapshot.instances AS s
    JOIN baseline.instances AS b USING (account_id, region, resource_id)
    ANTI JOIN cohort.explained AS e USING (resource_id)
    WHERE s.incarnation_id IS DISTINCT FROM b.incarnation_id
    UNION ALL
    SELECT account_id, region, resource_id, old_resource_id, if(is_unsure, 'medium', 'low'),
        'it is as ' || coalesce(old_name || ' was, ', '') || regexp_extract(old_resource_id, '[^/]+$')
        || if(old_name IS NULL, ' was', '') || ', which is gone (rung 4)'
        || if(is_unsure, '; not all of it could be compared', '')
    FROM cohort.recreated
)

SELECT
    s.cloud,
    s.account_id,
    s.region,
    s.resource_id,
    s.table_name AS resource_type,
    if(u.resource_id IS NULL, 'REPLACED', 'UNKNOWN') AS verdict,
    if(u.resource_id IS NULL, p.severity, 'low') AS severity,
    'recreated: ' || p.reason
    || if(u.resource_id IS NULL, '', '; whether its group did it could not be read') AS reason,
    json_object(
        'incarnation_id', b.incarnation_id,
        'instance_type', b.instance_type,
        'image_id', b.image_id,
        'has_public_ip', b.has_public_ip,
        'identity', b.identity,
        'policy_ids', b.policy_ids
    ) AS before,
    json_object(
        'incarnation_id', s.incarnation_id,
        'instance_type', s.instance_type,
        'image_id', s.image_id,
        'has_public_ip', s.has_public_ip,
        'identity', s.identity,
        'policy_ids', s.policy_ids
    ) AS after
FROM pairs AS p
JOIN snapshot.instances AS s USING (account_id, region, resource_id)
JOIN baseline.instances AS b
    ON b.account_id = p.account_id AND b.region = p.region AND b.resource_id = p.old_resource_id
LEFT JOIN cohort.unsure AS u ON u.account_id = s.account_id AND u.resource_id = s.resource_id
