/*
id = "disk_from_foreign_snapshot"
title = "Disk made from what belongs to somebody else"
description = "A new disk was made from a snapshot or image of another account, subscription, project or publisher. Images of the provider itself are not foreign; any other owner, Canonical for example, is approved by an approved disk that comes from it, so the first one is a finding."
severity = "high"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.002", "T1204.003"]
controls = ["nist-800-53-r5:CM-7(5)", "nist-800-53-r5:CM-8(3)"]
tables = ["origins", "disk_snapshots", "baseline.coverage", "snapshot.coverage"]
false_positives = "The first disk from a new publisher. In AWS, a snapshot of the account that was deleted before it was ever read."
remediation = "Find out whose it is and who used it; delete the disk, or accept the finding into the baseline."
*/
WITH readable AS (
    -- NOTE: whose a snapshot is follows from the account's snapshots and images, or not at all.
    SELECT s.account_id, s.region
    FROM snapshot.coverage AS s
    JOIN baseline.coverage AS b USING (table_name, cloud, account_id, region)
    WHERE s.status = 'complete' AND s.table_name IN ('aws_ec2_ebs_snapshots', 'aws_ec2_images')
    GROUP BY ALL
    HAVING count(*) = 2
),

approved AS (
    SELECT DISTINCT b.cloud, b.account_id, coalesce(b.owner, b.origin_id) AS origin
    FROM baseline.origins AS b
),

fresh AS (
    SELECT s.*
    FROM snapshot.origins AS s
    ANTI JOIN baseline.origins AS b USING (account_id, region, resource_id, origin_id)
    WHERE NOT s.is_official
)

SELECT
    f.cloud, f.account_id, f.region, f.resource_id,
    f.table_name AS resource_type,
    'SUSPICIOUS' AS verdict,
    CASE WHEN f.owner IS NULL THEN 'medium' ELSE 'high' END AS severity,
    'made from ' || regexp_extract(f.origin_id, '[^/]+$') || CASE
        WHEN f.owner IS NULL THEN ', which is neither a snapshot of this account nor of a known image'
        ELSE ' of ' || f.owner || ', which no approved disk of the account comes from'
    END AS reason,
    NULL AS before,
    json_object('name', f.name, 'origin_id', f.origin_id, 'owner', f.owner) AS after
FROM fresh AS f
ANTI JOIN approved AS a
    ON a.cloud = f.cloud AND a.account_id = f.account_id AND a.origin = coalesce(f.owner, f.origin_id)
LEFT JOIN readable AS r ON r.account_id = f.account_id AND r.region = f.region
LEFT JOIN baseline.disk_snapshots AS b
    ON b.account_id = f.account_id AND b.region = f.region AND b.snapshot_id = f.origin_id
WHERE f.cloud <> 'aws' OR (r.account_id IS NOT NULL AND b.snapshot_id IS NULL)
