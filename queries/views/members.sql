/*
title = "Members beside their templates"
description = "Members of groups as their controllers list them, each compared with its template, and instances that claim to be members and that no controller lists."
[columns]
cloud = "The cloud: aws, azure or gcp."
account_id = "AWS account, Azure subscription or GCP project."
region = "Region of the instance."
instance_resource_id = "Globally unique id of the instance."
group_resource_id = "Globally unique id of the group; what is claimed where it is not confirmed."
template = "Template or model version that it was made from."
is_confirmed = "Whether the controller lists it; tags and metadata are only a claim."
conforms = "Whether it is as its template says; empty where the template was not read."
deviations = "Columns in which it is not as its template says."
*/
WITH compared AS (
    SELECT
        m.*,
        memory.main.deviations(t.names, t.facts, l.facts, g.alternatives) AS deviations
    FROM groups AS m
    LEFT JOIN instance_groups AS g
        ON g.account_id = m.account_id AND g.group_resource_id = m.group_resource_id
    LEFT JOIN launched AS l
        ON l.account_id = m.account_id AND l.instance_resource_id = m.instance_resource_id
    LEFT JOIN templates AS t
        ON t.account_id = m.account_id AND t.template = m.template
        AND (t.cloud <> 'aws' OR t.region = m.region)
)

SELECT
    cloud, account_id, region, instance_resource_id, group_resource_id, template,
    true AS is_confirmed,
    len(deviations) = 0 AS conforms,
    deviations
FROM compared
UNION ALL
SELECT cloud, account_id, region, instance_resource_id, claimed, NULL, false, NULL, NULL
FROM claims
