/*
table = "members"
title = "New members beside templates"
description = "New and recreated members, each beside the template that was approved for its group and beside the one that it was made from."
*/
WITH listed AS (
    SELECT
        n.*,
        b.group_resource_id IS NOT NULL AS is_known,
        len(list_filter(b.templates, lambda x: x IS NULL OR contains(x, '$'))) = 0 AS is_readable,
        coalesce(list_contains(b.templates, n.template), false) AS is_approved,
        g.template AS group_template,
        g.table_name AS group_table,
        l.facts,
        g.alternatives,
        b.alternatives AS approved_alternatives
    FROM cohort.newcomers AS n
    JOIN snapshot.launched AS l
        ON l.account_id = n.account_id AND l.instance_resource_id = n.resource_id
    JOIN snapshot.instance_groups AS g
        ON g.account_id = n.account_id AND g.group_resource_id = n.group_resource_id
    LEFT JOIN baseline.instance_groups AS b
        ON b.account_id = g.account_id AND b.group_resource_id = g.group_resource_id
        AND b.incarnation_id IS NOT DISTINCT FROM g.incarnation_id
),

habits AS (
    SELECT *, list_transform(habits, lambda x: split_part(x, '=', 1)) AS known FROM cohort.habits
),

compared AS (
    SELECT
        i.*,
        coalesce(t.names, o.names) AS columns,
        coalesce(t.facts, o.facts) AS expected,
        list_filter(list_zip(columns, expected, i.facts), lambda x: x[2] IS NULL) AS open,
        coalesce(list_transform(
            list_filter(open, lambda x: list_contains(h.known, x[1])
                AND x[1] || '=' || x[3] <> 'has_public_ip=false'
                AND NOT list_contains(h.habits, x[1] || '=' || x[3])),
            lambda x: x[1]
        ), []) AS unusual,
        i.cloud <> 'azure' AND len(list_filter(open, lambda x:
            x[1] IN ('security_group_ids', 'service_account_emails')
            AND NOT coalesce(list_contains(h.known, x[1]), false))) = 0 AS settles,
        memory.main.deviations(o.names, o.facts, i.facts, i.approved_alternatives) || unusual
            AS from_approved,
        CASE WHEN NOT coalesce(len(from_approved) = 0, false)
            THEN memory.main.deviations(t.names, t.facts, i.facts, i.alternatives) || unusual
            END AS from_own
    FROM listed AS i
    LEFT JOIN habits AS h
        ON h.account_id = i.account_id AND h.group_resource_id = i.group_resource_id
    LEFT JOIN baseline.templates AS o
        ON o.account_id = i.account_id AND o.template = i.template AND i.is_approved
        AND (o.cloud <> 'aws' OR o.region = i.region)
    LEFT JOIN snapshot.templates AS t
        ON t.account_id = i.account_id AND t.template = i.template
        AND (t.cloud <> 'aws' OR t.region = i.region)
),

decided AS (
    SELECT
        *,
        -- NOTE: it may conform to the template of today and yet not to the one that was approved.
        CASE
            WHEN is_known AND NOT is_readable THEN 'unverified'
            WHEN template IS NULL AND group_template IS NULL THEN 'unverified'
            WHEN template IS NULL THEN 'deviating'
            WHEN is_approved AND len(from_approved) = 0 THEN 'conforming'
            WHEN is_approved AND from_approved IS NULL THEN 'unverified'
            WHEN len(from_own) = 0 THEN 'other'
            WHEN from_own IS NULL AND from_approved IS NULL THEN 'unread'
            ELSE 'deviating'
        END AS status
    FROM compared
)

SELECT
    cloud, account_id, region, resource_id, table_name, group_resource_id, group_table,
    template, group_template,
    is_known, is_approved, status, settles AND status = 'conforming' AS settles,
    CASE
        WHEN status <> 'deviating' THEN NULL
        WHEN template IS NULL THEN [['template', coalesce(group_template, 'none'), 'none']]
        ELSE list_transform(
            list_filter(
                list_zip(columns, expected, facts),
                lambda x: list_contains(coalesce(from_own, from_approved), x[1])
            ),
            lambda x: [x[1], coalesce(x[2], 'what its peers have'), x[3]]
        )
    END AS changed
FROM decided
