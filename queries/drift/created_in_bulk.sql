/*
id = "created_in_bulk"
title = "Made more in an hour than anybody ever did"
description = "A principal made at least `behaviour.created_per_hour` instances, disks and snapshots within one clock hour, and more than any principal of the account in any hour of the approved log. Each attempt that failed counts as one. Services that act by themselves, such as autoscaling, are left out by their identity."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1496.001", "T1578.001", "T1578.002"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:SI-4"]
tables = ["events", "behaviour.limits"]
false_positives = "A large roll-out or restore, or a log that was read for a few days only when it was approved."
remediation = "Ask them. If they know nothing of it, revoke their sessions and keys, and stop what they made."
*/
WITH made AS (
    SELECT s.cloud, s.account_id, s.region, s.principal, s.step, s.event_time, s.event_id, s.outcome,
        b.event_id IS NULL AS is_new,
        -- NOTE: one call of AWS makes many; the others log each.
        greatest(1, len(list_filter(s.resource_ids, lambda id: s.cloud = 'aws' AND starts_with(id,
            CASE s.step WHEN 'instance' THEN 'i-' WHEN 'disk' THEN 'vol-' ELSE 'snap-' END)))) AS things
    FROM snapshot.events AS s
    LEFT JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE s.creates AND NOT s.is_service AND s.principal IS NOT NULL
),

hours AS (
    SELECT cloud, account_id, principal, date_trunc('hour', event_time) AS hour,
        first(region ORDER BY event_time, event_id) AS region,
        first(event_id ORDER BY event_time, event_id) AS event_id,
        sum(things)::BIGINT AS things,
        list(DISTINCT step || 's' ORDER BY step || 's') AS steps,
        bool_and(outcome <> 'success') AS is_refused,
        bool_or(is_new) AS is_new
    FROM made GROUP BY ALL
),

usual AS (
    SELECT cloud, account_id, max(things) AS most FROM hours WHERE NOT is_new GROUP BY ALL
)

SELECT
    h.cloud, h.account_id,
    first(h.region ORDER BY h.hour) AS region,
    h.principal AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    'made ' || max(h.things) || ' ' || array_to_string(arg_max(h.steps, h.things), ', ')
    || ' within an hour, at most ' || coalesce(max(u.most), 0) || ' by anybody before'
    || CASE WHEN bool_and(h.is_refused) THEN '; all attempts failed' ELSE '' END AS reason,
    json_object('most_in_an_hour', coalesce(max(u.most), 0)) AS before,
    json_object('most_in_an_hour', max(h.things), 'event_id', first(h.event_id ORDER BY h.hour)) AS after
FROM hours AS h LEFT JOIN usual AS u USING (cloud, account_id)
WHERE h.is_new AND h.things > coalesce(u.most, 0)
    AND h.things >= (SELECT created_per_hour FROM behaviour.limits)
GROUP BY h.cloud, h.account_id, h.principal
