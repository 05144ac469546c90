/*
id = "setting_changed"
title = "Security setting changed"
description = "A column of the setting catalogue changed on an approved resource. Each entry says which direction is looser; a change that is not ordered is SUSPICIOUS, one from or to a value that was not read is UNKNOWN. One level more severe on an instance that has a public address or is tagged as production, and one level less on a disk that is attached to nothing."
severity = "medium"
verdicts = ["LOOSENED", "TIGHTENED", "SUSPICIOUS", "UNKNOWN"]
attack = ["T1578.005"]
controls = ["nist-800-53-r5:CM-6", "nist-800-53-r5:CM-3"]
tables = ["changed_settings", "settings", "circumstances", "cohort.told"]
false_positives = "Approved changes that nobody has accepted into the baseline yet."
remediation = "Take the change back, or accept it into the baseline."
*/
WITH change AS (
    SELECT
        c.*,
        s.* EXCLUDE (table_name, column_name),
        -- NOTE: one change is one finding: gained and lost are PRESENCE's, exchanged is REF's.
        bool_or(s.comparator = 'PRESENCE') OVER (
            PARTITION BY c.account_id, c.region, c.resource_id, c.table_name, c.column_name
        ) AS has_presence,
        ['info', 'low', 'medium', 'high', 'critical'] AS levels,
        coalesce(c.before ->> '$', s.absent) AS was,
        coalesce(c.after ->> '$', s.absent) AS now,
        CASE s.loose WHEN 'grow' THEN c.before WHEN 'shrink' THEN c.after END ->> '$[*]' AS narrow,
        CASE s.loose WHEN 'grow' THEN c.after WHEN 'shrink' THEN c.before END ->> '$[*]' AS wide
    FROM changed_settings AS c
    JOIN settings AS s USING (table_name, column_name)
    -- NOTE: one change is one finding: what a group's finding tells is not told again.
    ANTI JOIN cohort.told AS t USING (account_id, region, table_name, resource_id, column_name)
),

compared AS (
    SELECT
        *,
        memory.main.direction(
            comparator, was, now, "order", loose, narrow, wide, has_presence
        ) AS direction
    FROM change
),

-- NOTE: only what held before and still holds, so that no change raises itself.
weighed AS (
    SELECT c.*,
        c.weighted AND b.is_public AND s.is_public AS is_public,
        c.weighted AND b.is_production AND s.is_production AS is_production,
        c.weighted AND b.is_idle AND s.is_idle AS is_idle
    FROM compared AS c
    LEFT JOIN baseline.circumstances AS b USING (account_id, resource_id)
    LEFT JOIN snapshot.circumstances AS s USING (account_id, resource_id)
    WHERE c.direction IS DISTINCT FROM 0
)

SELECT
    cloud, account_id, region, resource_id, table_name AS resource_type, id AS detail_key,
    title, attack, controls, remediation, before, after,
    CASE
        WHEN direction IS NULL THEN 'UNKNOWN'
        WHEN direction < 0 THEN 'TIGHTENED'
        WHEN comparator IN ('HASH', 'REF') THEN 'SUSPICIOUS'
        ELSE verdict
    END AS verdict,
    CASE WHEN direction IS NULL THEN 'low' WHEN direction < 0 THEN 'info'
        ELSE levels[greatest(1, least(5, list_position(levels, severity) + coalesce(is_public, false)::INT
            + coalesce(is_production, false)::INT - coalesce(is_idle, false)::INT))]
    END AS severity,
    column_name || ': ' || coalesce(before ->> '$', 'none') || ' -> ' || coalesce(after ->> '$', 'none')
    || CASE WHEN direction > 0 THEN concat_ws('; ', '', reason,
        CASE WHEN is_public OR is_production THEN 'raised, since it is ' || concat_ws(' and ',
            if(is_public, 'public', NULL), if(is_production, 'tagged as production', NULL)) END,
        if(is_idle, 'lowered, since it is attached to nothing', NULL)) ELSE '' END AS reason
FROM weighed
