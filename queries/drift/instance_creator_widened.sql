/*
id = "instance_creator_widened"
title = "Right to create instances has wider limits"
description = "An approved principal has a right with conditions, or on some resources only, and its limits are gone or are others: a condition, a denial, a boundary or a narrower scope. Limits that are gone, a further grant and a denial less are LOOSENED; limits that are exchanged are SUSPICIOUS, since conditions are not evaluated."
severity = "high"
verdicts = ["LOOSENED", "SUSPICIOUS"]
attack = ["T1098.003", "T1578.002"]
controls = ["nist-800-53-r5:AC-6", "nist-800-53-r5:CM-5"]
tables = ["creators"]
false_positives = "Limits that were changed on purpose and that nobody has approved yet."
remediation = "Put the condition, the boundary or the narrower scope back, or approve the wider right."
*/
WITH paired AS (
    SELECT
        s.*,
        b.conditional AS was_conditional,
        b.conditional_grants AS was_granted,
        b.restrictions AS was_restricted,
        list_filter(was_conditional, lambda c: list_contains(s.capabilities, c)) AS held,
        list_filter(held, lambda c: NOT list_contains(s.conditional, c)) AS freed,
        list_filter(held, lambda c: list_contains(s.conditional, c)) AS limited
    FROM snapshot.creators AS s
    JOIN baseline.creators AS b USING (account_id, region, resource_id, table_name)
    WHERE len(was_conditional) > 0
),

changed AS (
    SELECT
        *,
        list_filter(conditional_grants, lambda g: NOT list_contains(was_granted, g)
            AND list_contains(limited, split_part(g, ' ', 1))) AS gained,
        list_filter(was_restricted, lambda r: NOT list_contains(restrictions, r)
            AND list_contains(limited, split_part(r, ':', 1))) AS unbound,
        list_has_all(conditional_grants, was_granted) AS is_only_more,
        list_has_all(was_restricted, restrictions) AS is_only_less,
        len(freed) > 0 OR (len(gained) > 0 AND is_only_more)
        OR (len(unbound) > 0 AND is_only_less) AS is_wider
    FROM paired
)

SELECT
    cloud, account_id, region, resource_id,
    table_name AS resource_type,
    CASE WHEN is_wider THEN 'LOOSENED' ELSE 'SUSPICIOUS' END AS verdict,
    CASE WHEN list_contains(freed, 'create_instances') THEN 'high' ELSE 'medium' END AS severity,
    principal_kind || ' "' || coalesce(name, principal_id) || '": ' || concat_ws(
        '; ',
        'without limits now: ' || nullif(replace(array_to_string(freed, ', '), '_', ' '), ''),
        'has now ' || nullif(array_to_string(gained, ', '), ''),
        'no longer ' || nullif(array_to_string(unbound, ', '), '')
    ) AS reason,
    json_object(
        'conditional', was_conditional, 'grants', was_granted, 'restrictions', was_restricted
    ) AS before,
    json_object(
        'conditional', conditional, 'grants', conditional_grants, 'restrictions', restrictions
    ) AS after
FROM changed
WHERE len(freed) > 0 OR len(gained) > 0 OR len(unbound) > 0
