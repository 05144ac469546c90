/*
id = "policy_opened_for_a_while"
title = "Policy was changed and changed back"
description = "Between two readings rules of a policy were added or altered and then taken back: the inventory shows no difference, the log does. Traffic may have passed meanwhile."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.004", "T1686.001"]
controls = ["nist-800-53-r5:AU-6", "nist-800-53-r5:SC-7"]
tables = ["events", "rules", "baseline.coverage", "snapshot.coverage"]
false_positives = "A rule that was added by mistake and taken back; tools that write rules anew on each run."
remediation = "Find out what was open and who came in meanwhile: the events hold the rules, flow logs the traffic."
*/
WITH written AS (
    SELECT s.*, unnest(s.resource_ids) AS named,
        regexp_matches(s.operation, '^Authorize|/write$|\.(insert|patch|update)$') AS opens,
        regexp_matches(s.operation, '^Revoke|/delete$|\.(delete|patch|update)$') AS closes
    FROM snapshot.events AS s
    ANTI JOIN baseline.events AS b USING (cloud, account_id, region, resource_id)
    WHERE s.outcome = 'success'
        AND regexp_matches(s.operation, 'SecurityGroup(In|E)gress$|/securityrules/|firewalls\.')
),

reverted AS (
    SELECT cloud, account_id, region, named,
        regexp_replace(named, '/securityrules/[^/]+$', '') AS policy,
        min(event_time) FILTER (opens) AS opened, max(event_time) FILTER (closes) AS closed,
        arg_min(principal, event_time) FILTER (opens) AS principal,
        list(event_id ORDER BY event_time, event_id)[:10] AS event_ids
    FROM written WHERE cloud <> 'aws' OR starts_with(named, 'sg-')
    GROUP BY cloud, account_id, region, named
    HAVING closed > opened
),

both_sides AS (
    SELECT s.cloud, s.account_id, s.policy_id, s.policy_resource_id, s.rule, true AS is_now
    FROM snapshot.rules AS s
    UNION ALL
    SELECT b.cloud, b.account_id, b.policy_id, b.policy_resource_id, b.rule, false FROM baseline.rules AS b
),

differing AS (
    SELECT account_id, CASE cloud WHEN 'aws' THEN policy_id ELSE policy_resource_id END AS policy
    FROM both_sides
    WHERE (policy IN (SELECT policy FROM reverted)) IS TRUE
    GROUP BY account_id, policy, rule HAVING count(DISTINCT is_now) = 1
)

SELECT
    r.cloud, r.account_id, r.region,
    r.named AS resource_id,
    'events' AS resource_type,
    'SUSPICIOUS' AS verdict,
    'changed and changed back within ' || date_diff('minute', r.opened, r.closed) + 1 || ' min by '
    || coalesce(regexp_extract(r.principal, '[^/]+$'), 'somebody unnamed') AS reason,
    NULL AS before,
    json_object('since', strftime(r.opened, '%Y-%m-%dT%H:%M:%SZ'), 'event_ids', r.event_ids) AS after
FROM reverted AS r
SEMI JOIN snapshot.coverage AS s
    ON s.cloud = r.cloud AND s.account_id = r.account_id AND s.region IN (r.region, 'global')
    AND s.status = 'complete' AND s.table_name IN (
        'aws_ec2_security_group_rules', 'azure_network_security_group_rules', 'gcp_compute_firewalls'
    )
SEMI JOIN baseline.coverage AS b
    ON b.cloud = r.cloud AND b.account_id = r.account_id AND b.region IN (r.region, 'global')
    AND b.table_name IN (
        'aws_ec2_security_group_rules', 'azure_network_security_group_rules', 'gcp_compute_firewalls'
    )
ANTI JOIN differing AS d ON d.account_id = r.account_id AND d.policy = r.policy
