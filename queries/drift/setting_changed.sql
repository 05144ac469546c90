/*
id = "setting_changed"
title = "Security setting changed"
description = "A column of the setting catalogue changed on an approved resource. Each entry says which direction is looser; a change that is not ordered is SUSPICIOUS, one from or to a value that was not read is UNKNOWN."
severity = "medium"
verdicts = ["LOOSENED", "TIGHTENED", "SUSPICIOUS", "UNKNOWN"]
attack = ["T1578.005"]
controls = ["nist-800-53-r5:CM-6", "nist-800-53-r5:CM-3"]
tables = ["changed_settings", "settings"]
false_positives = "Approved changes that nobody has accepted into the baseline yet."
remediation = "Take the change back, or accept it into the baseline."
*/
WITH change AS (
    SELECT
        c.*,
        s.* EXCLUDE (table_name, column_name),
        coalesce(c.before ->> '$', s.absent) AS was,
        coalesce(c.after ->> '$', s.absent) AS now,
        CASE s.comparator WHEN 'SET' THEN from_json(c.before, '["VARCHAR"]') END AS members_before,
        CASE s.comparator WHEN 'SET' THEN from_json(c.after, '["VARCHAR"]') END AS members_after
    FROM changed_settings AS c
    JOIN settings AS s USING (table_name, column_name)
),

compared AS (
    SELECT
        *,
        CASE comparator
            WHEN 'ENUM' THEN
                sign(nullif(list_position("order", now), 0) - nullif(list_position("order", was), 0))
            WHEN 'NUM' THEN
                sign(try_cast(now AS DOUBLE) - try_cast(was AS DOUBLE))
                * CASE loose WHEN 'higher' THEN 1 ELSE -1 END
            WHEN 'BOOL' THEN
                CASE WHEN was = now THEN 0 WHEN now = loose THEN 1 WHEN was = loose THEN -1 END
            WHEN 'PRESENCE' THEN
                (CASE WHEN now IS NULL THEN 0 ELSE 1 END - CASE WHEN was IS NULL THEN 0 ELSE 1 END)
                * CASE loose WHEN 'present' THEN 1 ELSE -1 END
            WHEN 'SET' THEN
                CASE
                    WHEN members_before IS NULL OR members_after IS NULL THEN NULL
                    WHEN loose = 'grow' AND NOT list_has_all(members_before, members_after) THEN 1
                    WHEN loose = 'shrink' AND NOT list_has_all(members_after, members_before) THEN 1
                    WHEN list_has_all(members_before, members_after)
                        AND list_has_all(members_after, members_before) THEN 0
                    ELSE -1
                END
            -- gaining and losing a target is PRESENCE
            WHEN 'REF' THEN CASE WHEN was IS NULL OR now IS NULL THEN 0 ELSE 1 END
            WHEN 'HASH' THEN 1
        END AS direction
    FROM change
)

SELECT
    cloud,
    account_id,
    region,
    resource_id,
    table_name AS resource_type,
    id AS detail_key,
    title,
    attack,
    controls,
    CASE
        WHEN direction IS NULL THEN 'UNKNOWN'
        WHEN direction < 0 THEN 'TIGHTENED'
        WHEN comparator IN ('HASH', 'REF') THEN 'SUSPICIOUS'
        ELSE verdict
    END AS verdict,
    CASE
        WHEN direction IS NULL THEN 'low'
        WHEN direction < 0 THEN 'info'
        ELSE severity
    END AS severity,
    column_name || ': ' || coalesce(before ->> '$', 'none') || ' -> ' || coalesce(after ->> '$', 'none')
    || CASE WHEN direction > 0 THEN '; ' || reason ELSE '' END AS reason,
    remediation,
    before,
    after
FROM compared
WHERE direction IS DISTINCT FROM 0
