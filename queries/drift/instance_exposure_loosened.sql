/*
id = "instance_exposure_loosened"
title = "Instance can be reached from the Internet"
description = "More of the Internet gets to an approved instance since a path opened: a public address, a route to a gateway, a block that was lifted. What rules changed is told at the policy."
severity = "high"
verdicts = ["LOOSENED"]
attack = ["T1578.005", "T1133"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3"]
tables = ["policy.instance_changes"]
false_positives = "Approved changes that nobody has accepted into the baseline yet."
remediation = "Close the path again, or accept it into the baseline."
*/
SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, reason, before, after
FROM policy.instance_changes
WHERE cause = 'path' AND verdict = 'LOOSENED'
