/*
id = "new_instance_less_restrictive_than_peers"
title = "New instance accepts more than its peers"
description = "A new instance accepts traffic that none of the approved instances of its network accepts: what T1578.002 looks like from the outside, a copy of an instance beside the rules that protect the others."
severity = "high"
verdicts = ["LOOSENED"]
attack = ["T1578.002"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3"]
tables = ["policy.instance_changes"]
false_positives = "A first instance of a new kind."
remediation = "Find out who started it and from which disk or image; stop it, or approve it and its policies."
*/
SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, reason, before, after
FROM policy.instance_changes
WHERE cause = 'peers'
