/*
cloud = "aws"
title = "Prefix lists"
description = "Networks of managed prefix lists; those of AWS change by themselves."
*/
SELECT
    'prefix-list ' || prefix_list_id AS symbol,
    unnest(entries) AS network,
    false AS is_excluded,
    false AS is_instances,
    coalesce(version::VARCHAR, '') AS version
FROM aws_ec2_managed_prefix_lists
