/*
id = "default_group_in_use"
title = "Default security group in use"
description = "An interface of an instance is in the default security group of its VPC and was not before. Whatever else is in it may talk to it, and nobody thinks of its rules as a policy."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.002"]
controls = ["aws-fsbp:EC2.2", "cis-aws-7.0.0:6.5", "nist-800-53-r5:SC-7"]
tables = ["aws_ec2_network_interfaces", "aws_ec2_security_groups", "aws_ec2_instances",
    "cohort.explained"]
false_positives = "Accounts that use default groups on purpose."
remediation = "Give the instance a group of its own; leave the default group without rules."
*/
WITH default_groups AS (
    SELECT s.account_id, s.region, s.resource_id AS group_arn, s.group_id
    FROM snapshot.aws_ec2_security_groups AS s
    WHERE s.name = 'default'
),

existing AS (
    SELECT s.resource_id AS instance_arn FROM snapshot.aws_ec2_instances AS s
),

used AS (
    SELECT s.account_id, s.region, s.instance_arn, unnest(s.security_group_ids) AS group_id
    FROM snapshot.aws_ec2_network_interfaces AS s
    SEMI JOIN existing USING (instance_arn)
),

conforming AS (
    SELECT resource_id AS instance_arn FROM cohort.explained WHERE settles
),

before AS (
    SELECT b.instance_arn, unnest(b.security_group_ids) AS group_id
    FROM baseline.aws_ec2_network_interfaces AS b
)

SELECT DISTINCT
    'aws' AS cloud,
    u.account_id,
    u.region,
    u.instance_arn AS resource_id,
    'aws_ec2_instances' AS resource_type,
    u.group_id AS detail_key,
    'SUSPICIOUS' AS verdict,
    'instance is in the default group ' || u.group_id || ' of its VPC' AS reason,
    NULL AS before,
    g.group_arn AS after
FROM used AS u
JOIN default_groups AS g USING (account_id, region, group_id)
ANTI JOIN before AS o USING (instance_arn, group_id)
ANTI JOIN conforming AS c USING (instance_arn)
