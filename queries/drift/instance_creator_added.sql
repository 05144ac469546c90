/*
id = "instance_creator_added"
title = "Further principal may create instances"
description = "A principal that nobody has approved may create instances, copy or share disks, loosen network policies or give instances an identity. What it may create with is high; public is critical; only with conditions, or where it cannot create instances, is medium. A principal that was deleted and made anew under the same name is REPLACED."
severity = "high"
verdicts = ["NEW", "REPLACED"]
attack = ["T1098.003", "T1136.003", "T1578.002"]
controls = ["nist-800-53-r5:AC-6", "nist-800-53-r5:CM-5"]
tables = ["creators"]
false_positives = "New people, teams and automation that nobody has approved yet."
remediation = "Find out who gave it the right; take the policy or role away, or approve the principal."
*/
SELECT
    s.cloud, s.account_id, s.region, s.resource_id,
    s.table_name AS resource_type,
    CASE WHEN b.resource_id IS NULL THEN 'NEW' ELSE 'REPLACED' END AS verdict,
    CASE
        WHEN s.principal_id IN ('allUsers', 'allAuthenticatedUsers') THEN 'critical'
        WHEN list_contains(s.capabilities, 'create_instances')
            AND NOT list_contains(s.conditional, 'create_instances') THEN 'high'
        ELSE 'medium'
    END AS severity,
    s.principal_kind || ' "' || coalesce(s.name, s.principal_id) || '" '
    || CASE WHEN b.resource_id IS NULL THEN '' ELSE 'was deleted and made anew; it ' END
    || 'may ' || array_to_string(
        list_transform(
            s.capabilities,
            lambda c: replace(c, '_', ' ')
            || CASE WHEN list_contains(s.conditional, c) THEN ' with conditions' ELSE '' END
        ), ', '
    ) || '; granted by ' || array_to_string(s.granted_by, ', ') AS reason,
    CASE WHEN b.resource_id IS NOT NULL
        THEN json_object('incarnation_id', b.incarnation_id, 'capabilities', b.capabilities)
    END AS before,
    json_object(
        'incarnation_id', s.incarnation_id,
        'capabilities', s.capabilities,
        'conditional', s.conditional,
        'granted_by', s.granted_by
    ) AS after
FROM snapshot.creators AS s
LEFT JOIN baseline.creators AS b USING (account_id, region, resource_id, table_name)
WHERE b.resource_id IS NULL OR b.incarnation_id IS DISTINCT FROM s.incarnation_id
