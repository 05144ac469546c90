/*
id = "region_first_used"
title = "Instances in a region that had none"
description = "A region of an account has instances now, and had none when the baseline was approved, or was not in the baseline at all."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1535", "T1578.002"]
controls = ["nist-800-53-r5:CM-8(3)"]
tables = ["baseline.coverage", "snapshot.coverage", "instances"]
false_positives = "A planned roll-out to another region."
remediation = "Find out who uses this region; close it with an organisation policy if nobody should."
*/
WITH known AS (
    SELECT cloud, account_id FROM baseline.coverage GROUP BY ALL
),

-- NOTE: the rows of a reading count terminated instances too, which stay listed for a while.
alive AS (
    SELECT s.cloud, s.account_id, s.region FROM snapshot.instances AS s GROUP BY ALL
    UNION
    SELECT s.cloud, s.account_id, s.region
    FROM snapshot.coverage AS s
    LEFT JOIN baseline.coverage AS b USING (table_name, cloud, account_id, region)
    WHERE s.kind = 'instance' AND s.status = 'complete' AND s.rows > 0 AND coalesce(b.rows, 0) = 0
),

approved AS (
    SELECT b.cloud, b.account_id, b.region FROM baseline.instances AS b GROUP BY ALL
)

SELECT
    a.cloud,
    a.account_id,
    a.region,
    a.cloud || '/' || a.account_id || '/' || a.region AS resource_id,
    'scope' AS resource_type,
    'SUSPICIOUS' AS verdict,
    'the first instances in ' || a.region || ' of account ' || a.account_id AS reason,
    json_object('instances', 0) AS before,
    json_object('has_instances', true) AS after
FROM alive AS a
JOIN known AS k USING (cloud, account_id)
ANTI JOIN approved USING (cloud, account_id, region)
WHERE a.region <> 'global'
