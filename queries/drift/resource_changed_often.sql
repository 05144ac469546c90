/*
id = "resource_changed_often"
title = "Changed more often in an hour than ever before"
description = "A resource was changed at least `behaviour.changes_per_hour` times within one clock hour, and more often than any resource of its account in any hour of the approved log: trial and error, or a tool run by hand. Attempts that failed count; making disks and instances does not."
severity = "low"
verdicts = ["SUSPICIOUS"]
attack = ["T1578", "T1578.005"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:SI-4"]
tables = ["events", "behaviour.limits"]
false_positives = "A large roll-out, or a log that was read for a few days only when it was approved."
remediation = "Look at who changed it and what it was in between; the events are in audit query."
*/
WITH named AS (
    SELECT s.cloud, s.account_id, s.region, s.event_time, s.principal, unnest(s.resource_ids) AS id,
        b.event_id IS NULL AS is_new
    FROM snapshot.events AS s
    LEFT JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE NOT s.creates AND NOT s.is_service
        AND s.step IN ('guardrail', 'instance', 'mount', 'policy', 'share', 'weaken')
),

counted AS (
    SELECT cloud, account_id, region, id, date_trunc('hour', event_time) AS hour,
        count(*) AS changes, count(DISTINCT principal) AS principals, bool_or(is_new) AS is_new
    FROM named GROUP BY ALL
),

usual AS (
    SELECT cloud, account_id, max(changes) AS most FROM counted WHERE NOT is_new GROUP BY ALL
)

SELECT
    c.cloud, c.account_id, c.region,
    c.id AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    max(c.changes) || ' changes within an hour by ' || arg_max(c.principals, c.changes)
    || CASE WHEN arg_max(c.principals, c.changes) = 1 THEN ' principal' ELSE ' principals' END
    || ', at most ' || coalesce(max(u.most), 0) || ' before' AS reason,
    json_object('most_in_an_hour', coalesce(max(u.most), 0)) AS before,
    json_object('most_in_an_hour', max(c.changes)) AS after
FROM counted AS c LEFT JOIN usual AS u USING (cloud, account_id)
WHERE c.is_new AND c.changes >= (SELECT changes_per_hour FROM behaviour.limits)
    AND c.changes > coalesce(u.most, 0)
GROUP BY c.cloud, c.account_id, c.region, c.id
