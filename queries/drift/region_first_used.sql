*/
WITH known AS (
    SELECT cloud, account_id FROM baseline.coverage GROUP BY ALL
),

-- NOTE: instances are counted where they are compared; a region that is new to the baseline has
-- only its coverage, whose rows count terminated instances too.
alive AS (
    SELECT s.cloud, s.account_id, s.region FROM snapshot.instances AS s GROUP BY ALL
    UNION
    SELECT s.cloud, s.account_id, s.region
    FROM snapshot.coverage AS s
    ANTI JOIN baseline.coverage AS b USING (table_name, cloud, account_id, region)
    WHERE s.kind = 'instance' AND s.status = 'complete' AND s.rows > 0
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
