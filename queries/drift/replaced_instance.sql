/*
id = "replaced_instance"
title = "Instance was recreated under the same id"
description = "The id is in the baseline, but it names another incarnation now: nothing that was approved about the old one holds for it."
severity = "medium"
verdicts = ["REPLACED"]
attack = ["T1578.002", "T1578.003"]
controls = ["nist-800-53-r5:CM-8(3)"]
tables = ["instances", "cohort.explained"]
false_positives = "Deployments that delete and create under one name."
remediation = "Compare before and after; approve the new incarnation, or find out who recreated it."
*/
SELECT
    s.cloud,
    s.account_id,
    s.region,
    s.resource_id,
    s.table_name AS resource_type,
    'REPLACED' AS verdict,
    'recreated: ' || coalesce(b.incarnation_id, 'unknown') || ' is now '
    || coalesce(s.incarnation_id, 'unknown') AS reason,
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
FROM snapshot.instances AS s
JOIN baseline.instances AS b USING (account_id, region, resource_id)
ANTI JOIN cohort.explained AS e USING (resource_id)
WHERE s.incarnation_id IS DISTINCT FROM b.incarnation_id
