/*
id = "policy_detached"
title = "A policy no longer applies to an instance"
description = "A security group, network security group or other layer no longer applies to an approved instance, and what gets to the instance changed by it: without its network security group an Azure machine accepts all that the other layers do."
severity = "high"
verdicts = ["LOOSENED", "TIGHTENED"]
attack = ["T1578.005", "T1686.001"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3"]
tables = ["policy.instance_changes"]
false_positives = "Approved changes that nobody has accepted into the baseline yet."
remediation = "Attach it again, or accept the change into the baseline."
*/
SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, reason, before, after
FROM policy.instance_changes
WHERE cause = 'detached'
