/*
id = "policy_loosened"
title = "Policy allows more than approved"
description = "An approved security policy accepts traffic that it did not accept before, whatever its rules look like: split, merged, reordered, renumbered and shadowed rules are no drift. UNKNOWN where a rule cannot be read."
severity = "high"
verdicts = ["LOOSENED", "UNKNOWN"]
attack = ["T1578.005", "T1686.001"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3", "aws-fsbp:EC2.19"]
tables = ["policy.changes"]
false_positives = "Approved changes that nobody has accepted into the baseline yet."
remediation = "Find out who changed the rule and why; take it back, or accept it into the baseline."
*/
SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, reason, before, after
FROM policy.changes
WHERE verdict IN ('LOOSENED', 'UNKNOWN')
