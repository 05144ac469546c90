/*
id = "instance_short_lived"
title = "Instance made and deleted within the hour"
description = "An instance was made and deleted again within one hour, so that no reading of the inventory shows it, by somebody of whom the approved log holds no such thing. Services that act by themselves are left out by their identity."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.002", "T1578.003"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:CM-8(3)"]
tables = ["events"]
false_positives = "Image pipelines and tests that are new; a launch that failed and was cleaned up."
remediation = "Find out what it was made from and what it reached while it ran; its disks and addresses are in the log."
*/
WITH made AS (
    SELECT s.cloud, s.account_id, s.region, s.principal, s.event_time, s.event_id,
        unnest(s.resource_ids) AS id
    FROM snapshot.events AS s
    WHERE s.creates AND s.step = 'instance' AND s.outcome = 'success' AND NOT s.is_service
),

ended AS (
    SELECT s.cloud, s.account_id, s.event_time, s.event_id, b.event_id IS NOT NULL AS is_old,
        unnest(s.resource_ids) AS id
    FROM snapshot.events AS s
    LEFT JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE s.outcome = 'success'
        AND regexp_matches(lower(s.operation), 'terminateinstances|virtualmachines/delete|instances\.delete')
),

pairs AS (
    SELECT m.*, e.event_id AS end_id, date_diff('minute', m.event_time, e.event_time) AS minutes, e.is_old
    FROM made AS m JOIN ended AS e USING (cloud, account_id, id)
    WHERE e.event_time BETWEEN m.event_time AND m.event_time + INTERVAL 1 HOUR
        AND (m.cloud <> 'aws' OR starts_with(id, 'i-'))
)

SELECT
    cloud, account_id, region,
    id AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    'made and deleted within ' || min(minutes) + 1 || ' min by '
    || coalesce(regexp_extract(arg_min(principal, minutes), '[^/]+$'), 'somebody unnamed') AS reason,
    NULL AS before,
    json_object('made', arg_min(event_id, minutes), 'deleted', arg_min(end_id, minutes)) AS after
FROM pairs
ANTI JOIN (SELECT cloud, account_id, principal FROM pairs WHERE is_old) AS usual
    USING (cloud, account_id, principal)
WHERE NOT is_old
GROUP BY cloud, account_id, region, id
