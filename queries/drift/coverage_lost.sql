/*
id = "coverage_lost"
title = "Scope of the baseline could not be read"
description = "A scope that is in the baseline was not read completely: nothing is known about what is in it now."
severity = "medium"
verdicts = ["UNKNOWN"]
attack = ["T1685.002"]
controls = ["nist-800-53-r5:CA-7", "nist-800-53-r5:SI-4"]
tables = ["baseline.coverage", "snapshot.coverage"]
false_positives = "Outages of the provider, expired credentials, a region taken out of the configuration."
remediation = "Restore the access (audit doctor) and run again; accept the finding if the scope is no longer to be audited."
*/
WITH lost AS (
    SELECT
        b.cloud,
        b.account_id,
        b.region,
        b.table_name,
        coalesce(s.status, 'not read') AS status
    FROM baseline.coverage AS b
    LEFT JOIN snapshot.coverage AS s USING (table_name, cloud, account_id, region)
    WHERE s.status IS DISTINCT FROM 'complete'
)

SELECT
    cloud,
    account_id,
    region,
    cloud || '/' || account_id || '/' || region AS resource_id,
    'scope' AS resource_type,
    'UNKNOWN' AS verdict,
    count(*) || CASE WHEN count(*) = 1 THEN ' table is ' ELSE ' tables are ' END
    || string_agg(DISTINCT status, ', ' ORDER BY status)
    || ' here: nothing is known about what is in '
    || CASE WHEN count(*) = 1 THEN 'it' ELSE 'them' END || ' now' AS reason,
    json_object('complete', list(table_name ORDER BY table_name)) AS before,
    json_object('status', list(DISTINCT status ORDER BY status)) AS after
FROM lost
GROUP BY cloud, account_id, region
