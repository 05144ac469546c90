/*
id = "weak_in_combination"
title = "Settings that are weak together"
description = "Two properties of an approved instance that each may be in order and together are not: metadata without tokens that travels beyond the host, the right to call every API on a public instance, login by password on a public machine. Told when the second one comes, whichever that is."
severity = "high"
verdicts = ["LOOSENED"]
attack = ["T1552.005", "T1133", "T1578.005"]
controls = ["nist-800-53-r5:CM-6", "nist-800-53-r5:SC-7"]
tables = ["weaknesses", "instances"]
false_positives = "Hosts of containers that need a hop limit of 2 and have not moved to IMDSv2."
remediation = "Take one of the two back: require tokens, or take the public address or the broad right away."
*/
WITH known AS (
    SELECT s.account_id, s.resource_id
    FROM snapshot.instances AS s
    JOIN baseline.instances AS b ON b.account_id = s.account_id AND b.resource_id = s.resource_id
        AND b.incarnation_id IS NOT DISTINCT FROM s.incarnation_id
)

SELECT
    s.cloud,
    s.account_id,
    s.region,
    s.resource_id,
    s.table_name AS resource_type,
    s.combination AS detail_key,
    'LOOSENED' AS verdict,
    s.meaning AS reason,
    NULL AS before,
    json_object('combination', s.combination, 'meaning', s.meaning) AS after
FROM snapshot.weaknesses AS s
-- NOTE: an instance that is new, or of another incarnation, is compared with its peers instead.
SEMI JOIN known AS k ON k.account_id = s.account_id AND k.resource_id = s.resource_id
ANTI JOIN baseline.weaknesses AS b ON b.account_id = s.account_id
    AND b.resource_id = s.resource_id AND b.combination = s.combination
