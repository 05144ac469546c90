/*
id = "security_group_rule_changed"
title = "Rules of a security group changed"
description = "A rule was added to or removed from an approved security group. Rules are compared by what they say, not by their ids: a rule that was revoked and granted again is no change."
severity = "medium"
verdicts = ["CHANGED"]
attack = ["T1686.001"]
controls = ["nist-800-53-r5:SC-7", "nist-800-53-r5:CM-3", "aws-fsbp:EC2.19"]
tables = ["policies", "rules"]
false_positives = "Rules rewritten so that they allow the same: this compares text."
remediation = "Find out who changed the rule and why; take it back, or accept it into the baseline."
*/
WITH groups AS (
    SELECT s.cloud, s.account_id, s.region, s.resource_id, s.name, s.policy_id, s.table_name
    FROM snapshot.policies AS s
    JOIN baseline.policies AS b USING (account_id, region, resource_id)
),

added AS (
    SELECT DISTINCT
        s.account_id, s.region, s.policy_resource_id AS resource_id, s.rule, s.is_open,
        true AS is_added
    FROM snapshot.rules AS s
    ANTI JOIN baseline.rules AS b USING (account_id, region, policy_resource_id, rule)
),

dropped AS (
    SELECT DISTINCT
        b.account_id, b.region, b.policy_resource_id AS resource_id, b.rule, b.is_open,
        false AS is_added
    FROM baseline.rules AS b
    ANTI JOIN snapshot.rules AS s USING (account_id, region, policy_resource_id, rule)
)

SELECT
    g.cloud,
    g.account_id,
    g.region,
    g.resource_id,
    g.table_name AS resource_type,
    r.rule AS detail_key,
    'CHANGED' AS verdict,
    CASE
        WHEN NOT r.is_added THEN 'low'
        WHEN r.is_open THEN 'high'
        ELSE 'medium'
    END AS severity,
    CASE WHEN r.is_added THEN 'rule added: ' ELSE 'rule removed: ' END || r.rule
    || ' in group "' || coalesce(g.name, g.policy_id) || '"' AS reason,
    CASE WHEN NOT r.is_added THEN r.rule END AS before,
    CASE WHEN r.is_added THEN r.rule END AS after
FROM groups AS g
JOIN (SELECT * FROM added UNION ALL SELECT * FROM dropped) AS r
    USING (account_id, region, resource_id)
