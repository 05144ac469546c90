/*
table = "habits"
title = "What members have that their template leaves open"
description = "What the approved members of a group have of groups, identity and public address, as texts 'column=value', where the approved template names none: a new member that has something else is not one of them."
*/
WITH wide AS (
    SELECT
        b.account_id, b.group_resource_id,
        list_transform(list_filter(list_zip(t.names, t.facts), lambda x: x[2] IS NULL), lambda x: x[1])
            AS open
    FROM baseline.instance_groups AS b
    SEMI JOIN cohort.newcomers AS n
        ON n.account_id = b.account_id AND n.group_resource_id = b.group_resource_id
    JOIN baseline.templates AS t
        ON t.account_id = b.account_id AND t.template = b.template
        AND (t.cloud <> 'aws' OR t.region = b.region)
    WHERE list_has_any(open, ['security_group_ids', 'service_account_emails', 'has_public_ip'])
),

kinds AS (
    SELECT DISTINCT
        w.account_id, w.group_resource_id, w.open, m.policy_ids, m.identity, m.has_public_ip
    FROM wide AS w
    JOIN baseline.groups AS g
        ON g.account_id = w.account_id AND g.group_resource_id = w.group_resource_id
    JOIN baseline.instances AS m
        ON m.account_id = g.account_id AND m.resource_id = g.instance_resource_id
),

said AS (
    SELECT account_id, group_resource_id, open, unnest([
        ['security_group_ids', array_to_string(policy_ids, ' ')],
        ['service_account_emails', coalesce(nullif(identity, ''), 'none')],
        ['has_public_ip', has_public_ip::VARCHAR]
    ]) AS habit
    FROM kinds
)

SELECT
    account_id, group_resource_id,
    list(DISTINCT habit[1] || '=' || habit[2] ORDER BY habit[1] || '=' || habit[2]) AS habits
FROM said
WHERE list_contains(open, habit[1]) AND habit[2] IS NOT NULL
GROUP BY account_id, group_resource_id
