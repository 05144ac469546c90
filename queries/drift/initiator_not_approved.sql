/*
id = "initiator_not_approved"
title = "Made by somebody who is not to make anything"
description = "A principal that no glob of `behaviour.approved_creators` matches made instances, disks, snapshots or images, or tried to, since the log was approved. Services that act by themselves are left out by their identity; what a user agent says counts for nothing. Without approved creators nobody is reported."
severity = "high"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.001", "T1578.002"]
controls = ["nist-800-53-r5:AC-2(12)", "nist-800-53-r5:AC-6", "nist-800-53-r5:CM-5"]
tables = ["events", "behaviour.approved_creators"]
false_positives = "A new pipeline that nobody has added to the approved creators yet."
remediation = "Ask them. Add them to the approved creators if they are to do this; if not, take the permission away and look at what they made."
*/
WITH made AS (
    SELECT s.*
    FROM snapshot.events AS s
    ANTI JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE s.creates AND NOT s.is_service AND s.principal IS NOT NULL
        AND EXISTS (SELECT 1 FROM behaviour.approved_creators)
),

-- NOTE: few principals make many things; each is matched once.
strangers AS (
    SELECT p.principal
    FROM (SELECT DISTINCT principal FROM made) AS p
    ANTI JOIN behaviour.approved_creators AS a ON lower(p.principal) GLOB a.pattern
)

SELECT
    cloud, account_id,
    first(region ORDER BY event_time, event_id) AS region,
    principal AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    CASE WHEN bool_and(outcome <> 'success') THEN 'medium' ELSE 'high' END AS severity,
    'is no approved creator and makes '
    || array_to_string(list_sort(list(DISTINCT step || 's')), ', ') || ': '
    || array_to_string(list(DISTINCT operation ORDER BY operation)[:5], ', ')
    || coalesce(' from ' || first(source_ip ORDER BY event_time, event_id), '')
    || CASE WHEN bool_and(outcome <> 'success') THEN '; all attempts failed' ELSE '' END AS reason,
    NULL AS before,
    json_object(
        'makes', list(DISTINCT step ORDER BY step),
        'since', strftime(min(event_time), '%Y-%m-%dT%H:%M:%SZ'),
        'event_id', first(event_id ORDER BY event_time, event_id)
    ) AS after
FROM made SEMI JOIN strangers USING (principal)
GROUP BY cloud, account_id, principal
