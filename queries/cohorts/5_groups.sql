/*
table = "groups"
title = "Groups that are new, or make other members than approved"
description = "One row for each such group: its template before and after, what differs in it, and how many members follow which."
*/
WITH sizes AS (
    SELECT s.account_id, s.group_resource_id, count(*) AS members
    FROM snapshot.groups AS s
    GROUP BY ALL
),

newcomers AS (
    SELECT
        account_id, group_resource_id,
        count(*) FILTER (status IN ('other', 'unread')) AS unapproved,
        count(*) FILTER (status = 'unread') AS unread,
        list(DISTINCT template ORDER BY template)
            FILTER (status IN ('other', 'unread') AND NOT is_approved) AS running
    FROM cohort.members
    GROUP BY ALL
),

sides AS (
    SELECT
        s.*,
        b.group_resource_id IS NOT NULL AS is_known,
        b.template AS old_template,
        b.templates AS old_templates,
        coalesce(n.members, 0) AS members,
        coalesce(c.unapproved, 0) AS unapproved,
        coalesce(c.unread, 0) AS unread,
        coalesce(c.running, []) AS running,
        o.names, o.facts AS old_facts, t.facts,
        o.resource_id AS old_resource_id, t.resource_id AS template_resource_id,
        CASE WHEN o.facts IS NOT NULL AND t.facts IS NOT NULL
            THEN list_filter(
                list_zip(o.names, o.facts, t.facts), lambda x: x[2] IS DISTINCT FROM x[3]
            ) ELSE [] END AS changed
    FROM snapshot.instance_groups AS s
    LEFT JOIN baseline.instance_groups AS b
        ON b.account_id = s.account_id AND b.group_resource_id = s.group_resource_id
        AND b.incarnation_id IS NOT DISTINCT FROM s.incarnation_id
    LEFT JOIN sizes AS n
        ON n.account_id = s.account_id AND n.group_resource_id = s.group_resource_id
    LEFT JOIN newcomers AS c
        ON c.account_id = s.account_id AND c.group_resource_id = s.group_resource_id
    LEFT JOIN baseline.templates AS o
        ON o.account_id = s.account_id AND o.template = b.template
        AND (o.cloud <> 'aws' OR o.region = s.region)
    LEFT JOIN snapshot.templates AS t
        ON t.account_id = s.account_id AND t.template = s.template
        AND (t.cloud <> 'aws' OR t.region = s.region)
)

-- NOTE: a change of a scale set's own columns that are in the catalogue is a setting's business.
SELECT
    * EXCLUDE (changed),
    CASE WHEN cloud = 'azure' AND is_known
        THEN list_filter(changed, lambda x: x[1] IN ('image', 'vm_size')) ELSE changed END AS changed
FROM sides
WHERE NOT is_known
    OR old_templates IS DISTINCT FROM templates
    OR old_template IS DISTINCT FROM template
    OR CASE WHEN cloud = 'azure' THEN list_contains(list_transform(changed, lambda x: x[1]), 'image')
        OR list_contains(list_transform(changed, lambda x: x[1]), 'vm_size')
        ELSE len(changed) > 0 OR unapproved > 0 END
