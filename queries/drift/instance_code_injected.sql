/*
id = "instance_code_injected"
title = "Instance stopped, altered and started again"
description = "Within one hour an instance was stopped, its attributes or metadata were written, and it was started or reset: how user data and startup scripts are exchanged so that they run as root. setting_changed tells whether the script is another one now."
severity = "high"
verdicts = ["SUSPICIOUS"]
attack = ["T1059.009", "T1578.005"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:CM-5"]
tables = ["events"]
false_positives = "A planned change of the machine size or of a script."
remediation = "Compare the user data or startup script with the approved one; if it is not yours, isolate the instance and keep its disks."
*/
WITH steps AS (
    SELECT s.cloud, s.account_id, s.region, s.event_time, s.event_id, s.principal,
        b.event_id IS NULL AS is_new,
        unnest(s.resource_ids) AS id,
        CASE
            WHEN regexp_matches(s.operation, '^StopInstances$|/(poweroff|deallocate)/|instances\.stop$')
                THEN 'stop'
            WHEN regexp_matches(s.operation, '^StartInstances$|/start/|instances\.(start|reset)$')
                THEN 'start'
            WHEN regexp_matches(
                s.operation, '^ModifyInstanceAttribute$|virtualmachines/write$|instances\.setMetadata$'
            ) THEN 'write'
        END AS kind
    FROM snapshot.events AS s
    LEFT JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE s.outcome = 'success'
),

ordered AS (
    SELECT *, lag(kind) OVER before AS first_kind, lag(event_time) OVER before AS first_time,
        lead(kind) OVER before AS last_kind, lead(event_time) OVER before AS last_time,
        lead(event_id) OVER before AS last_id, lead(is_new) OVER before AS is_new_start
    FROM (
        -- NOTE: of several writes between a stop and a start the last one stands for all.
        SELECT * FROM steps WHERE kind IS NOT NULL
        QUALIFY kind <> 'write' OR lead(kind) OVER (
            PARTITION BY cloud, account_id, id ORDER BY event_time, event_id
        ) IS DISTINCT FROM 'write'
    )
    WINDOW before AS (PARTITION BY cloud, account_id, id ORDER BY event_time, event_id)
)

SELECT
    cloud, account_id, region,
    id AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    'stopped, written to and started within '
    || min(date_diff('minute', first_time, last_time)) + 1 || ' min by '
    || coalesce(regexp_extract(arg_max(principal, event_time), '[^/]+$'), 'somebody unnamed') AS reason,
    NULL AS before,
    json_object('written', max(event_id), 'started', max(last_id)) AS after
FROM ordered
WHERE kind = 'write' AND first_kind = 'stop' AND last_kind = 'start' AND is_new_start
    AND last_time <= first_time + INTERVAL 1 HOUR
GROUP BY cloud, account_id, region, id
