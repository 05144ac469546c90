/*
id = "new_instance_less_restrictive_than_peers"
title = "New instance accepts more than its peers"
description = "A new instance accepts traffic that none of the approved instances of its network accepts: what T1578.002 looks like from the outside, a copy of an instance beside the rules that protect the others. A member that is as the approved template of its group says is none; those of one that is not are one finding, about the group."
severity = "high"
verdicts = ["LOOSENED"]
attack = ["T1578.002"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3"]
tables = ["policy.instance_changes", "cohort.explained"]
false_positives = "A first instance of a new kind."
remediation = "Find out who started it and from which disk or image; stop it, or approve it and its policies."
*/
WITH told AS (
    SELECT
        s.* EXCLUDE (resource_id, resource_type),
        coalesce(g.group_resource_id, s.resource_id) AS resource_id,
        coalesce(g.group_table, s.resource_type) AS resource_type,
        count(*) OVER same AS instances,
        row_number() OVER (same ORDER BY s.after, s.reason) AS place
    FROM policy.instance_changes AS s
    LEFT JOIN cohort.explained AS g ON g.resource_id = s.resource_id
    WHERE s.cause = 'peers' AND NOT coalesce(g.settles, false)
    WINDOW same AS (
        PARTITION BY s.account_id, coalesce(g.group_resource_id, s.resource_id), s.detail_key
    )
)

SELECT
    cloud, account_id, region, resource_id, resource_type, nullif(detail_key, '') AS detail_key,
    verdict, severity, before, after,
    CASE WHEN instances > 1 THEN instances || ' new members of the group, such as: ' ELSE '' END
    || reason AS reason
FROM told
WHERE place = 1
