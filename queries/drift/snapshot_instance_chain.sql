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
WITH RECURSIVE both_sides AS NOT MATERIALIZED (
    SELECT s.*, true AS is_now FROM snapshot.copies AS s
    UNION ALL SELECT b.*, false FROM baseline.copies AS b
),
slim AS MATERIALIZED (
    SELECT is_now, kind = 'disk' AND source_id <> '' AS is_disk, hash(copy_id) AS copy,
        hash(source_id) AS source, hash(copy_id, source_id, attached_to) AS whole FROM both_sides
),
-- NOTE: few disks move; only their kin is read in full. IN ... IS TRUE has the small side hashed.
related AS (
    SELECT copy, source FROM slim WHERE is_disk AND is_now
        AND whole NOT IN (SELECT whole FROM slim WHERE is_disk AND NOT is_now)
    UNION
    SELECT copy, source FROM slim WHERE (copy IN (SELECT source FROM related)) IS TRUE
),
known AS MATERIALIZED (
    SELECT *, bool_and(is_now) OVER same AS is_new,
        kind || ' ' || coalesce(name, split_part(copy_id, '/', -1)) AS step,
        coalesce(any_value(attached_to) FILTER (NOT is_now) OVER same, []) AS was_at
    FROM both_sides WHERE (hash(copy_id) IN (SELECT copy FROM related)) IS TRUE
    WINDOW same AS (PARTITION BY copy_id, source_id) QUALIFY is_now OR NOT bool_or(is_now) OVER same
),
-- NOTE: from each disk that was mounted since, back to the approved disk that its content is of.
walk AS (
    SELECT unnest(list_filter(attached_to, lambda i: NOT list_contains(was_at, i))) AS mount,
        hash(source_id) IN (SELECT source FROM slim WHERE is_disk AND NOT is_now) AS is_usual,
        is_new AS is_made, false AS is_copied, is_new, kind, source_id, was_at, [copy_id] AS ids,
        [step] AS steps FROM known WHERE kind = 'disk' AND is_now
    UNION ALL
    SELECT w.mount, w.is_usual, w.is_made, w.is_copied OR (k.is_new AND k.kind <> 'disk'), k.is_new,
        k.kind, k.source_id, k.was_at, list_prepend(k.copy_id, w.ids), list_prepend(k.step, w.steps)
    FROM walk AS w JOIN known AS k ON k.copy_id = w.source_id WHERE len(w.ids) < 6
),
ends AS MATERIALIZED (
    SELECT * FROM walk WHERE kind = 'disk' AND len(ids) > 1 AND NOT is_new
        AND (is_copied OR NOT is_usual) AND NOT list_contains(was_at, mount)
),
hosts AS (
    SELECT *, bool_and(is_now) OVER (PARTITION BY resource_id) AS is_started FROM (
        SELECT s.*, true AS is_now FROM snapshot.instances AS s
        UNION ALL SELECT b.*, false FROM baseline.instances AS b
    ) WHERE (resource_id IN (SELECT mount FROM ends)) IS TRUE QUALIFY is_now
),
chains AS (
    SELECT h.*, e.*, p.looser, is_started AND coalesce(has_public_ip, false) AS is_public,
        is_copied::INT + is_made::INT + is_started::INT + (is_public OR looser IS NOT NULL)::INT AS links
    FROM ends AS e JOIN hosts AS h ON h.resource_id = e.mount LEFT JOIN (
        SELECT resource_id, min(split_part(reason, '; ', 1)) AS looser FROM policy.instance_changes
        WHERE verdict = 'LOOSENED' GROUP BY ALL) AS p USING (resource_id)
    WHERE e.mount NOT IN (
        SELECT s.instance_resource_id FROM snapshot.groups AS s SEMI JOIN baseline.groups AS b
            USING (group_resource_id) WHERE (s.instance_resource_id IN (SELECT mount FROM ends)) IS TRUE)
)
SELECT cloud, account_id, region, resource_id, table_name AS resource_type, 'SUSPICIOUS' AS verdict,
    CASE links WHEN 4 THEN 'critical' WHEN 3 THEN 'high' ELSE 'medium' END AS severity, NULL AS before,
    array_to_string(steps, ' -> ') || ' -> instance ' || coalesce(name, split_part(resource_id, '/', -1))
    || if(is_public, '; it has a public address', '') || coalesce('; ' || looser, '') AS reason,
    json_object('chain', ids, 'copied_from', was_at, 'looser', looser, 'links', links) AS after
FROM chains WHERE links >= 2
QUALIFY row_number() OVER (PARTITION BY resource_id ORDER BY links DESC, len(ids), ids) = 1
