/*
id = "image_shared"
title = "Image shared with others"
description = "Whoever an image is shared with starts it in an account of their own and reads what is on it. Public is critical, another account high; an account that is audited here too, or an organization, is medium. In Azure, galleries share images; in Google Cloud, every binding of its own counts."
severity = "high"
verdicts = ["LOOSENED", "TIGHTENED", "UNKNOWN"]
attack = ["T1537", "T1578.001"]
controls = ["nist-800-53-r5:AC-3", "nist-800-53-r5:AC-4"]
tables = ["sharing", "snapshot.coverage"]
false_positives = "Sharing that was agreed on with another account and that nobody has approved yet."
remediation = "Take the permission back, find out who gave it and whether it was used; rotate the secrets on that image."
*/
WITH own AS (
    SELECT list(DISTINCT s.account_id) AS accounts FROM snapshot.coverage AS s
),

paired AS (
    SELECT
        s.*,
        b.resource_id IS NULL AS is_new,
        b.shared_with AS was,
        NOT is_new AND was IS NULL AS is_unread,
        s.is_public AND NOT coalesce(b.is_public, false) AS is_opened,
        list_filter(s.shared_with, lambda w: NOT list_contains(coalesce(was, []), w)) AS gained,
        list_filter(was, lambda w: NOT list_contains(s.shared_with, w)) AS lost
    FROM snapshot.sharing AS s
    LEFT JOIN baseline.sharing AS b USING (account_id, region, resource_id, table_name)
    WHERE s.kind = 'image' AND s.shared_with IS NOT NULL
)

SELECT
    cloud, account_id, region, resource_id,
    table_name AS resource_type,
    CASE WHEN is_unread THEN 'UNKNOWN' WHEN len(gained) > 0 THEN 'LOOSENED' ELSE 'TIGHTENED' END AS verdict,
    CASE
        WHEN is_unread THEN 'low'
        WHEN len(gained) = 0 THEN 'info'
        WHEN is_opened THEN 'critical'
        WHEN list_has_all(accounts, list_filter(gained, lambda w: NOT contains(w, ':organizations:')))
            THEN 'medium'
        ELSE 'high'
    END AS severity,
    concat_ws(
        '; ',
        CASE
            WHEN is_unread THEN 'was not read before; shared with '
            WHEN is_new THEN 'new, and shared from the start with '
            ELSE 'now shared with '
        END || nullif(array_to_string(gained, ', '), ''),
        'no longer shared with ' || nullif(array_to_string(lost, ', '), '')
    ) AS reason,
    CASE WHEN was IS NOT NULL THEN json_object('shared_with', was) END AS before,
    json_object('shared_with', shared_with) AS after
FROM paired, own
WHERE len(gained) > 0 OR len(lost) > 0
