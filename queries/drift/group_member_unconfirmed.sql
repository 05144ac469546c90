/*
id = "group_member_unconfirmed"
title = "Instance is no member of the group it claims"
description = "An instance carries the tags or metadata of a group whose controller does not list it, or was an approved member and was detached: it lives on where scaling, patching and replacing no longer reach it."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.002", "T1036"]
controls = ["nist-800-53-r5:CM-8(3)"]
tables = ["claims", "groups", "instances", "baseline.coverage", "snapshot.coverage"]
false_positives = "Members taken out for an investigation; images and scripts that copy tags; a group that scaled while it was read."
remediation = "Find out who launched or detached it; attach it again, or stop it and keep its disks as evidence."
*/
WITH read AS (
    SELECT s.cloud, s.account_id, s.region
    FROM snapshot.coverage AS s
    JOIN baseline.coverage AS b USING (table_name, cloud, account_id, region)
    WHERE s.status = 'complete' AND s.table_name IN ('aws_autoscaling_instances',
        'azure_compute_virtual_machine_scale_set_vms', 'gcp_compute_managed_instances')
),

told AS (
    SELECT s.account_id, s.instance_resource_id AS resource_id, s.claimed AS named,
        'claims to be a member of ' AS what, 1 AS rank
    FROM snapshot.claims AS s
    ANTI JOIN baseline.claims AS b USING (account_id, instance_resource_id)
    UNION ALL
    SELECT b.account_id, b.instance_resource_id, b.group_resource_id, 'was detached from ', 0
    FROM baseline.groups AS b
    ANTI JOIN snapshot.groups AS s USING (account_id, instance_resource_id)
)

SELECT
    s.cloud,
    s.account_id,
    s.region,
    s.resource_id,
    s.table_name AS resource_type,
    'SUSPICIOUS' AS verdict,
    c.what || regexp_extract(c.named, '[^/]+$')
    || ', whose controller does not list it' AS reason,
    CASE WHEN c.rank = 0 THEN json_object('group', c.named) END AS before,
    CASE WHEN c.rank = 1 THEN json_object('claims', c.named) END AS after
FROM told AS c
JOIN snapshot.instances AS s ON s.account_id = c.account_id AND s.resource_id = c.resource_id
SEMI JOIN read AS r
    ON r.cloud = s.cloud AND r.account_id = s.account_id AND r.region IN (s.region, 'global', '*')
QUALIFY row_number() OVER (PARTITION BY s.account_id, s.region, s.resource_id ORDER BY c.rank) = 1
