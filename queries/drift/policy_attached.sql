/*
id = "policy_attached"
title = "Another policy applies to an instance"
description = "A security group, network ACL, firewall rule or its target now applies to an approved instance that did not before, and what gets to the instance changed by it. Judged by all layers together."
severity = "high"
verdicts = ["LOOSENED", "TIGHTENED"]
attack = ["T1578.005", "T1686.001"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3"]
tables = ["policy.instance_changes"]
false_positives = "Approved changes that nobody has accepted into the baseline yet."
remediation = "Find out who attached it and why; detach it, or accept it into the baseline."
*/
SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, reason, before, after
FROM policy.instance_changes
WHERE cause = 'attached'
