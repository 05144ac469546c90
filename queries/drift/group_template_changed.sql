/*
id = "group_template_changed"
title = "Group makes other members than approved"
description = "The template of an approved group is another one or says something else: one finding for the group, whatever the number of members. One more for each further template that members run on and nobody approved."
severity = "medium"
verdicts = ["LOOSENED", "SUSPICIOUS"]
attack = ["T1578.002", "T1578.005"]
controls = ["nist-800-53-r5:CM-6", "nist-800-53-r5:CM-3"]
tables = ["cohort.groups"]
false_positives = "Releases that nobody has approved yet."
remediation = "Compare both templates; set the approved one back and replace the members, or approve it."
*/
WITH told AS (
    SELECT
        *,
        list_transform(changed, lambda x: x[1]) AS columns,
        len(list_filter(changed, lambda x:
            list_contains([
                'metadata_http_tokens=optional', 'metadata_http_endpoint=enabled',
                'has_public_ip=true', 'can_ip_forward=true', 'serial_port_enable=true'
            ], x[1] || '=' || x[3])
            OR (x[1] = 'metadata_hop_limit' AND try_cast(x[3] AS INT) > try_cast(x[2] AS INT))
            OR (x[1] IN ('iam_instance_profile', 'service_account_emails') AND x[2] = 'none')
        )) > 0 AS is_loosened,
        -- NOTE: members that follow the group's own template later on are nothing new.
        list_filter(running, lambda x: NOT coalesce(list_contains(templates, x), false)) AS further
    FROM cohort.groups
    WHERE is_known
)

SELECT
    cloud,
    account_id,
    region,
    group_resource_id AS resource_id,
    table_name AS resource_type,
    NULL AS detail_key,
    CASE WHEN is_loosened THEN 'LOOSENED' ELSE 'SUSPICIOUS' END AS verdict,
    CASE WHEN is_loosened OR list_has_any(columns, [
        'iam_instance_profile', 'service_account_emails', 'service_account_scopes', 'ssh_keys',
        'security_group_ids', 'network_tags', 'user_data_sha256', 'user_data_hash', 'startup_script_hash'
    ]) THEN 'high' ELSE 'medium' END AS severity,
    concat_ws(
        '; ',
        CASE WHEN template IS DISTINCT FROM old_template
            THEN 'template ' || coalesce(regexp_extract(old_template, '[^/]+$'), 'none') || ' -> '
                || coalesce(regexp_extract(template, '[^/]+$'), 'none')
        WHEN templates IS DISTINCT FROM old_templates THEN 'other further templates' END,
        nullif(array_to_string(list_transform(changed, lambda x:
            x[1] || ': ' || coalesce(x[2], 'open') || ' -> ' || coalesce(x[3], 'open')), '; '), ''),
        CASE WHEN unapproved > 0 THEN unapproved || ' of ' || members || ' members run '
            || coalesce(nullif(array_to_string(
                list_transform(running, lambda x: regexp_extract(x, '[^/]+$')), ', '), ''), 'it') END,
        CASE WHEN unread > 0 THEN 'the template of ' || unread || ' was not read' END
    ) AS reason,
    json_object('template', old_template, 'templates', old_templates,
        'changed', to_json(map_from_entries(list_transform(changed, lambda x: {'k': x[1], 'v': x[2]}))))
        AS before,
    json_object('template', template, 'templates', templates,
        'changed', to_json(map_from_entries(list_transform(changed, lambda x: {'k': x[1], 'v': x[3]}))))
        AS after
FROM told
WHERE len(further) = 0 OR unread > 0 OR len(changed) > 0
    OR template IS DISTINCT FROM old_template OR templates IS DISTINCT FROM old_templates
UNION ALL
SELECT
    cloud, account_id, region, group_resource_id, table_name, unnest(further) AS other,
    'SUSPICIOUS', 'medium',
    'members run ' || regexp_extract(other, '[^/]+$') || ', which is neither approved nor what it makes now',
    NULL, json_object('template', other)
FROM told
