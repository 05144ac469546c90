/*
id = "initiator_first_seen"
title = "Somebody does what they never did before"
description = "A principal made instances, disks or copies of them, or changed policies, sharing, guardrails or what an instance trusts, and the approved log of the account holds no such operation of theirs; attempts that failed count. Services that act by themselves within the account are left out by their identity; what a user agent says counts for nothing."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.001", "T1578.002", "T1578.005"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:AC-2(12)"]
tables = ["events"]
false_positives = "New colleagues, new pipelines, and a log that was read for a few days only when it was approved."
remediation = "Ask them. If they know nothing of it, revoke their sessions and keys, and look at all else they did."
*/
WITH done AS (
    SELECT s.*, CASE WHEN s.creates THEN 'create' ELSE s.step END AS kind
    FROM snapshot.events AS s
    ANTI JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE (s.creates OR s.step IN ('guardrail', 'policy', 'share', 'weaken')) AND s.principal IS NOT NULL
        AND NOT s.is_service
),

-- NOTE: known in one region is known in the whole account.
usual AS (
    SELECT DISTINCT b.cloud, b.account_id, b.principal,
        CASE WHEN b.creates THEN 'create' ELSE b.step END AS kind
    FROM baseline.events AS b
)

SELECT
    cloud, account_id,
    arg_min(region, event_time) AS region,
    principal AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    CASE WHEN bool_or(kind IN ('guardrail', 'share')) THEN 'high' ELSE 'medium' END AS severity,
    'for the first time ' || array_to_string(list_sort(list(DISTINCT CASE kind
        WHEN 'create' THEN 'makes instances, disks or copies of them'
        WHEN 'guardrail' THEN 'changes guardrails'
        WHEN 'policy' THEN 'changes policies'
        WHEN 'share' THEN 'shares with others'
        ELSE 'changes what instances run or trust'
    END)), ', ') || ': '
    || array_to_string(list(DISTINCT operation ORDER BY operation)[:5], ', ')
    || coalesce(' from ' || arg_min(source_ip, event_time), '')
    || CASE WHEN bool_and(outcome <> 'success') THEN '; all attempts failed' ELSE '' END AS reason,
    NULL AS before,
    json_object(
        'first_times', list(DISTINCT kind ORDER BY kind),
        'since', strftime(min(event_time), '%Y-%m-%dT%H:%M:%SZ'),
        'event_id', arg_min(event_id, event_time)
    ) AS after
FROM done ANTI JOIN usual USING (cloud, account_id, principal, kind)
GROUP BY cloud, account_id, principal
