/*
table = "habits"
title = "What members have that their template leaves open"
description = "What the approved members of a group have of groups, identity and public address, as texts 'column=value', where the approved template names none: a new member that has something else is not one of them."
*/
WITH wide AS (
    SELECT
        b.account_id, b.group_resource_id, t.names,
        list_transform(t.facts, lambda x, i:
            x IS NULL AND t.names[i] IN ('security_group_ids', 'service_account_emails', 'has_public_ip')
        ) AS is_open
    FROM baseline.instance_groups AS b
    SEMI JOIN cohort.newcomers AS n
        ON n.account_id = b.account_id AND n.group_resource_id = b.group_resource_id
    JOIN baseline.templates AS t
        ON t.account_id = b.account_id AND t.template = b.template
        AND (t.cloud <> 'aws' OR t.region = b.region)
    WHERE list_contains(is_open, true)
),

said AS (
    SELECT
        w.account_id, w.group_resource_id,
        unnest(list_filter(
            list_transform(l.facts, lambda x, i: if(w.is_open[i], w.names[i] || '=' || x, NULL)),
            lambda x: x IS NOT NULL
        )) AS habit
    FROM wide AS w
    JOIN baseline.groups AS m
        ON m.account_id = w.account_id AND m.group_resource_id = w.group_resource_id
    JOIN baseline.launched AS l
        ON l.account_id = m.account_id AND l.instance_resource_id = m.instance_resource_id
)

SELECT account_id, group_resource_id, list(DISTINCT habit ORDER BY habit) AS habits
FROM said
GROUP BY account_id, group_resource_id
