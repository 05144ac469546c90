/*
id = "snapshot_instance_chain"
title = "Disk of an instance copied into another one"
description = "A snapshot or image of an approved disk, a disk made from it, an instance that it is attached to and that is not the owner of the first, and traffic that the instance accepts beyond its peers: T1578.002, told from state alone. Two of these four that are new are medium, three high, all four critical."
severity = "high"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.001", "T1578.002"]
controls = ["nist-800-53-r5:CM-8(3)", "nist-800-53-r5:SC-7"]
tables = ["copies", "instances", "groups", "policy.instance_changes"]
false_positives = "Restoring a backup beside the original; a golden image built from an approved instance. Members of approved groups are left out."
remediation = "Find out who copied the disk; stop the instance, keep its disks as evidence, and rotate the secrets that the first disk holds."
*/
WITH RECURSIVE known AS (
    SELECT s.*, true AS is_new
    FROM snapshot.copies AS s ANTI JOIN baseline.copies AS b USING (copy_id, source_id)
    UNION ALL
    SELECT b.*, false FROM baseline.copies AS b
),

mounted AS (
    SELECT s.*, b.copy_id IS NULL AS is_made,
        unnest(list_filter(s.attached_to, lambda i: NOT coalesce(list_contains(b.attached_to, i), false)))
            AS mount
    FROM snapshot.copies AS s LEFT JOIN baseline.copies AS b USING (copy_id, source_id)
    WHERE s.kind = 'disk' AND s.source_id IS NOT NULL
),

-- NOTE: from each disk that was mounted since, back to the approved disk that its content is of.
walk AS (
    SELECT mount, kind, attached_to, source_id, true AS is_new, is_made, false AS is_copied, [copy_id] AS ids,
        source_id IN (
            SELECT b.source_id FROM baseline.copies AS b WHERE b.source_id <> '' AND b.kind = 'disk'
        ) AS is_usual,
        [kind || ' ' || coalesce(name, regexp_extract(copy_id, '[^/]+$'))] AS steps
    FROM mounted
    UNION ALL
    SELECT w.mount, k.kind, k.attached_to, k.source_id, k.is_new, w.is_made,
        w.is_copied OR (k.is_new AND k.kind <> 'disk'), list_prepend(k.copy_id, w.ids), w.is_usual,
        list_prepend(k.kind || ' ' || coalesce(k.name, regexp_extract(k.copy_id, '[^/]+$')), w.steps)
    FROM walk AS w JOIN known AS k ON k.copy_id = w.source_id
    WHERE len(w.ids) < 6
),

opened AS (
    SELECT resource_id, min(split_part(reason, '; ', 1)) AS looser
    FROM policy.instance_changes WHERE verdict = 'LOOSENED' GROUP BY ALL
),

chains AS (
    SELECT s.*, w.ids, w.steps, w.attached_to, o.looser,
        b.resource_id IS NULL AS is_started, is_started AND coalesce(s.has_public_ip, false) AS is_public,
        w.is_copied::INT + w.is_made::INT + is_started::INT
        + (is_public OR o.looser IS NOT NULL)::INT AS links
    FROM walk AS w JOIN snapshot.instances AS s ON s.resource_id = w.mount
    LEFT JOIN baseline.instances AS b ON b.resource_id = w.mount
    LEFT JOIN opened AS o ON o.resource_id = w.mount
    WHERE w.kind = 'disk' AND NOT w.is_new
        AND NOT coalesce(list_contains(w.attached_to, w.mount), false)
        AND (w.is_copied OR NOT w.is_usual) AND w.mount NOT IN (
            SELECT s.instance_resource_id FROM snapshot.groups AS s
            SEMI JOIN baseline.groups AS b USING (group_resource_id))
)

SELECT cloud, account_id, region, resource_id, table_name AS resource_type, 'SUSPICIOUS' AS verdict,
    CASE links WHEN 4 THEN 'critical' WHEN 3 THEN 'high' ELSE 'medium' END AS severity,
    array_to_string(steps, ' -> ') || ' -> instance ' || coalesce(name, regexp_extract(resource_id, '[^/]+$'))
    || CASE WHEN is_public THEN '; it has a public address' ELSE '' END
    || coalesce('; ' || looser, '') AS reason,
    NULL AS before,
    json_object('chain', ids, 'copied_from', attached_to, 'looser', looser, 'links', links) AS after
FROM chains WHERE links >= 2
QUALIFY row_number() OVER (PARTITION BY resource_id ORDER BY links DESC, len(ids), ids) = 1
