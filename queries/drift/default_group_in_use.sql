/*
id = "default_group_in_use"
title = "Default security group in use"
description = "An interface of an instance is in the default security group of its VPC and was not before. Whatever else is in it may talk to it, and nobody thinks of its rules as a policy. Members that autoscaling explains are one finding of their group, and none where the group's members were in it before."
severity = "medium"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.002"]
controls = ["aws-fsbp:EC2.2", "cis-aws-7.0.0:6.5", "nist-800-53-r5:SC-7"]
tables = ["aws_ec2_network_interfaces", "aws_ec2_security_groups", "aws_ec2_instances", "groups",
    "cohort.explained"]
false_positives = "Accounts that use default groups on purpose."
remediation = "Give the instance a group of its own; leave the default group without rules."
*/
WITH default_groups AS (
    SELECT s.account_id, s.region, s.resource_id AS group_arn, s.group_id
    FROM snapshot.aws_ec2_security_groups AS s
    WHERE s.name = 'default'
),

used AS (
    SELECT s.account_id, s.region, s.instance_arn, unnest(s.security_group_ids) AS group_id
    FROM snapshot.aws_ec2_network_interfaces AS s
),

before AS (
    SELECT b.instance_arn, unnest(b.security_group_ids) AS group_id
    FROM baseline.aws_ec2_network_interfaces AS b
),

found AS MATERIALIZED (
    SELECT u.*, g.group_arn, e.settles, e.group_resource_id
    FROM used AS u
    JOIN default_groups AS g USING (account_id, region, group_id)
    ANTI JOIN before AS o USING (instance_arn, group_id)
    SEMI JOIN snapshot.aws_ec2_instances AS s ON s.resource_id = u.instance_arn
    LEFT JOIN cohort.explained AS e ON e.resource_id = u.instance_arn
),

-- NOTE: what an approved group has always done is no news when it does so once more.
usual AS (
    SELECT DISTINCT b.group_resource_id, o.group_id
    FROM baseline.groups AS b
    SEMI JOIN found AS f ON f.group_resource_id = b.group_resource_id
    JOIN before AS o ON o.instance_arn = b.instance_resource_id
)

SELECT DISTINCT
    'aws' AS cloud,
    account_id,
    region,
    coalesce(group_resource_id, instance_arn) AS resource_id,
    if(group_resource_id IS NULL, 'aws_ec2_instances', 'aws_autoscaling_groups') AS resource_type,
    group_id AS detail_key,
    'SUSPICIOUS' AS verdict,
    if(group_resource_id IS NULL, 'instance is', 'new members are')
    || ' in the default group ' || group_id || ' of its VPC' AS reason,
    NULL AS before,
    group_arn AS after
FROM found
ANTI JOIN usual USING (group_resource_id, group_id)
WHERE NOT coalesce(settles, false)
