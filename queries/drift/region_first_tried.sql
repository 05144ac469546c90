/*
id = "region_first_tried"
title = "Refused instances in a region that has none"
description = "Somebody tried to make instances in a region of an account that had none when the baseline was approved, and has none now: every attempt was refused or failed. Services that act by themselves are left out by their identity. Azure does not log the region."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1535", "T1496.001"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:CM-8(3)"]
tables = ["events", "instances"]
false_positives = "A planned roll-out to another region that lacks quota or permissions yet."
remediation = "Ask them. If they know nothing of it, revoke their sessions and keys; close the region with an organisation policy if nobody should use it."
*/
WITH tried AS (
    SELECT s.*
    FROM snapshot.events AS s
    ANTI JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE s.creates AND s.step = 'instance' AND NOT s.is_service AND s.region <> 'global'
),

used AS (
    SELECT b.cloud, b.account_id, b.region FROM baseline.instances AS b
    UNION
    SELECT s.cloud, s.account_id, s.region FROM snapshot.instances AS s
    UNION
    SELECT b.cloud, b.account_id, b.region FROM baseline.events AS b WHERE b.creates AND b.step = 'instance'
)

SELECT
    cloud, account_id, region,
    cloud || '/' || account_id || '/' || region AS resource_id,
    'scope' AS resource_type,
    'SUSPICIOUS' AS verdict,
    count(*) || if(count(*) = 1, ' attempt', ' attempts') || ' to make instances in ' || region
    || ', which has none, failed; by '
    || array_to_string(list(DISTINCT regexp_extract(coalesce(principal, 'somebody unnamed'), '[^/]+$')
        ORDER BY regexp_extract(coalesce(principal, 'somebody unnamed'), '[^/]+$'))[:3], ', ') AS reason,
    NULL AS before,
    json_object(
        'principals', list(DISTINCT principal ORDER BY principal),
        'since', strftime(min(event_time), '%Y-%m-%dT%H:%M:%SZ')
    ) AS after
FROM tried ANTI JOIN used USING (cloud, account_id, region)
GROUP BY cloud, account_id, region
HAVING bool_and(outcome <> 'success')
