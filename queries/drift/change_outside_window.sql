/*
id = "change_outside_window"
title = "Changed while no change window was open"
description = "A principal changed policies, guardrails, sharing or what an instance trusts, or made instances, disks or copies of them, outside every window of `behaviour.change_windows`; attempts that failed count. One finding for each principal and closed time. Services that act by themselves are left out by their identity, and what a principal made outside the windows in the approved log already. Without windows nothing is reported."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578", "T1578.005"]
controls = ["nist-800-53-r5:CM-3", "nist-800-53-r5:CM-5", "nist-800-53-r5:AU-6"]
tables = ["events", "behaviour.open_times"]
false_positives = "An emergency that was agreed on; a time zone that is not that of the windows."
remediation = "Ask for the ticket of the change. If there is none, take it back and look at all else the principal did then."
*/
WITH told AS (
    SELECT s.*, b.event_id IS NOT NULL AS is_old
    FROM snapshot.events AS s
    LEFT JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE (s.creates OR s.step IN ('guardrail', 'policy', 'share', 'weaken'))
        AND NOT s.is_service AND s.principal IS NOT NULL
        AND EXISTS (SELECT 1 FROM behaviour.open_times)
),

outside AS (
    SELECT t.*, w.closes
    FROM told AS t ASOF JOIN behaviour.open_times AS w ON t.event_time >= w.opens
    WHERE t.event_time >= w.closes
),

-- NOTE: what scales at night scaled at night when the log was approved. No change of a policy or a
-- guardrail gets usual that way.
usual AS (
    SELECT DISTINCT cloud, account_id, principal, operation, creates FROM outside
    WHERE is_old AND creates
)

-- NOTE: a roll-out at night touches hundreds of resources, and is one thing to ask one person about.
-- A closed time, not a day, since a night has two days.
SELECT
    cloud, account_id,
    first(region ORDER BY event_time, event_id) AS region,
    principal AS resource_id,
    'closed ' || strftime(closes, '%Y-%m-%dT%H:%MZ') AS detail_key,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    CASE WHEN bool_or(step IN ('guardrail', 'share')) THEN 'high' ELSE 'medium' END AS severity,
    count(*) || if(count(*) = 1, ' change', ' changes') || ' outside every window, the first '
    || strftime(min(event_time), '%a %Y-%m-%d %H:%M') || ' UTC: '
    || array_to_string(list(DISTINCT operation ORDER BY operation)[:5], ', ')
    || coalesce(' from ' || first(source_ip ORDER BY event_time, event_id), '')
    || CASE WHEN bool_and(outcome <> 'success') THEN '; all attempts failed' ELSE '' END AS reason,
    NULL AS before,
    json_object(
        'changes', count(*),
        'since', strftime(min(event_time), '%Y-%m-%dT%H:%M:%SZ'),
        'event_id', first(event_id ORDER BY event_time, event_id)
    ) AS after
FROM outside ANTI JOIN usual USING (cloud, account_id, principal, operation, creates)
WHERE NOT is_old
GROUP BY cloud, account_id, principal, closes
