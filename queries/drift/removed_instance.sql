/*
id = "removed_instance"
title = "Instance of the baseline is gone"
description = "An approved instance no longer exists, in a scope that was read completely. A member of a group that still exists was scaled in, and is no finding; one that was recreated is told as replaced."
severity = "medium"
verdicts = ["REMOVED", "UNKNOWN"]
attack = ["T1578.003"]
controls = ["nist-800-53-r5:CM-8(1)"]
tables = ["instances", "cohort.explained", "cohort.recreated", "cohort.unsure"]
false_positives = "Planned decommissioning and replaced deployments."
remediation = "Confirm that it was meant to go; then accept the finding into the baseline."
*/
SELECT
    b.cloud,
    b.account_id,
    b.region,
    b.resource_id,
    b.table_name AS resource_type,
    if(u.resource_id IS NULL, 'REMOVED', 'UNKNOWN') AS verdict,
    if(u.resource_id IS NULL, 'medium', 'low') AS severity,
    coalesce(b.instance_type, 'instance') || coalesce(' "' || b.name || '"', '')
    || ' no longer exists'
    || if(u.resource_id IS NULL, '', '; whether its group was scaled in could not be read') AS reason,
    json_object(
        'name', b.name,
        'instance_type', b.instance_type,
        'image_id', b.image_id,
        'subnet_id', b.subnet_id,
        'has_public_ip', b.has_public_ip,
        'identity', b.identity,
        'policy_ids', b.policy_ids,
        'key_name', b.key_name
    ) AS before,
    NULL AS after
FROM baseline.instances AS b
ANTI JOIN snapshot.instances AS s USING (account_id, region, resource_id)
ANTI JOIN cohort.explained AS e USING (resource_id)
ANTI JOIN cohort.recreated AS r
    ON r.account_id = b.account_id AND r.region = b.region AND r.old_resource_id = b.resource_id
LEFT JOIN cohort.unsure AS u ON u.account_id = b.account_id AND u.resource_id = b.resource_id
