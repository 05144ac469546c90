/*
id = "new_instance"
title = "Instance that is not in the baseline"
description = "An instance exists now that nobody has approved."
severity = "medium"
verdicts = ["NEW"]
attack = ["T1578.002"]
controls = ["nist-800-53-r5:CM-8(3)", "cis-controls-8.1:1.2"]
tables = ["instances"]
false_positives = "Deployments and scaling that nobody has approved yet."
remediation = "Find out who started it and why; approve it, or stop it and keep its disks as evidence."
*/
SELECT
    s.cloud,
    s.account_id,
    s.region,
    s.resource_id,
    s.table_name AS resource_type,
    'NEW' AS verdict,
    concat_ws(
        ', ',
        coalesce(s.instance_type, 'instance') || ' from ' || coalesce(s.image_id, 'unknown image'),
        CASE WHEN s.has_public_ip THEN 'with a public address' END,
        'role ' || regexp_extract(s.identity, '[^/]+$'),
        'groups ' || nullif(array_to_string(s.policy_ids, ' '), '')
    ) AS reason,
    NULL AS before,
    json_object(
        'name', s.name,
        'instance_type', s.instance_type,
        'image_id', s.image_id,
        'subnet_id', s.subnet_id,
        'has_public_ip', s.has_public_ip,
        'identity', s.identity,
        'policy_ids', s.policy_ids,
        'key_name', s.key_name
    ) AS after
FROM snapshot.instances AS s
ANTI JOIN baseline.instances AS b USING (account_id, region, resource_id)
