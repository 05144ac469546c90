/*
id = "policy_tightened"
title = "Policy allows less than approved"
description = "An approved security policy no longer accepts traffic that it accepted before."
severity = "info"
verdicts = ["TIGHTENED"]
attack = ["T1686.001"]
controls = ["nist-800-53-r5:CM-3"]
tables = ["policy.changes"]
false_positives = "None: it says what no longer works, which is good news or an outage."
remediation = "Accept it into the baseline if it was meant."
*/
SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, reason, before, after
FROM policy.changes
WHERE verdict = 'TIGHTENED'
