/*
id = "unusual_name"
title = "New instance with a name unlike the others, or almost one"
description = "A new instance has a name of a form that no approved instance of its account has, where letters and digits count as such, or one that is a letter or two from an approved name: what somebody types who wants it to look as the others, or does not know how they are named. Numbers and letters that count make no difference. Members that their controller lists are left out, and accounts with fewer than five approved names."
severity = "low"
verdicts = ["SUSPICIOUS"]
attack = ["T1578.002", "T1036.005"]
controls = ["nist-800-53-r5:CM-8(3)"]
tables = ["instances", "groups", "cohort.explained", "cohort.recreated", "cohort.unsure"]
false_positives = "The first instance of a new service, or a new way of naming."
remediation = "Find out who started it and what for; approve it, or stop it and keep its disks as evidence."
*/
WITH fresh AS MATERIALIZED (
    SELECT s.cloud, s.account_id, s.region, s.resource_id, s.table_name, s.name,
        memory.main.name_mask(s.name) AS mask, memory.main.name_series(s.name) AS series
    FROM snapshot.instances AS s
    ANTI JOIN baseline.instances AS b USING (account_id, region, resource_id)
    ANTI JOIN cohort.explained AS e USING (resource_id)
    ANTI JOIN cohort.recreated AS r USING (account_id, region, resource_id)
    ANTI JOIN cohort.unsure AS u USING (account_id, resource_id)
    WHERE s.name <> '' AND s.resource_id NOT IN (SELECT s.instance_resource_id FROM snapshot.groups AS s
        WHERE s.instance_resource_id IS NOT NULL)
),
usual AS MATERIALIZED (
    SELECT account_id, memory.main.name_series(stem) AS series, memory.main.name_mask(stem) AS mask,
        min(name) AS example, sum(names)::BIGINT AS names
    FROM (
        SELECT b.account_id, regexp_replace(lower(b.name), '[0-9]+', '9', 'g') AS stem,
            min(b.name) AS name, count(*) AS names
        FROM baseline.instances AS b
        WHERE b.name <> '' AND b.account_id IN (SELECT account_id FROM fresh) GROUP BY ALL
    ) GROUP BY ALL
),
forms AS (SELECT DISTINCT account_id, mask FROM usual),
-- NOTE: a random word may be one of letters only; where they are in use, only what is between counts.
loose AS (
    SELECT DISTINCT account_id, regexp_replace(mask, '[a9x]+', 'w', 'g') AS frame FROM forms
    WHERE contains(mask, 'x')
),
-- NOTE: bounds the pairs: names that people chose, some of the new ones, and equal ends.
chosen AS (SELECT * FROM usual QUALIFY count(*) OVER (PARTITION BY account_id) <= 5000),
words AS (
    SELECT DISTINCT account_id, unnest(string_split_regex(series, '[^a-z0-9]+')) AS word FROM chosen
),
doubtful AS (
    SELECT DISTINCT account_id, series, unnest([left(series, 4), '*' || right(series, 4)]) AS block
    FROM (SELECT *, unnest(string_split_regex(series, '[^a-z0-9]+')) AS word FROM fresh)
    ANTI JOIN words USING (account_id, word) WHERE len(word) >= 4 AND len(series) >= 6
    QUALIFY dense_rank() OVER (PARTITION BY account_id ORDER BY series) <= 500
),
originals AS (
    SELECT account_id, series, example, unnest([left(series, 4), '*' || right(series, 4)]) AS block
    FROM chosen WHERE NOT contains(mask, 'x')
),
alike AS (
    SELECT d.account_id, d.series, min(o.example) AS example
    FROM doubtful AS d JOIN originals AS o USING (account_id, block)
    WHERE abs(len(d.series) - len(o.series)) <= 2 AND d.series <> o.series
        AND levenshtein(d.series, o.series) <= if(len(d.series) < 10, 1, 2) GROUP BY ALL
)
SELECT f.cloud, f.account_id, f.region, f.resource_id, f.table_name AS resource_type,
    'SUSPICIOUS' AS verdict, NULL AS before, json_object('name', f.name) AS after,
    'named ' || f.name || CASE WHEN a.example IS NOT NULL
        THEN ': almost as ' || a.example || ', and a word that no approved name has'
        ELSE ': no approved instance of the account has a name of the form ' || f.mask END AS reason
FROM fresh AS f LEFT JOIN alike AS a USING (account_id, series)
LEFT JOIN forms AS m USING (account_id, mask)
LEFT JOIN loose AS l ON l.account_id = f.account_id AND l.frame = regexp_replace(f.mask, '[a9x]+', 'w', 'g')
WHERE (a.example IS NOT NULL OR (m.mask IS NULL AND l.frame IS NULL))
    AND f.account_id IN (SELECT account_id FROM usual GROUP BY account_id HAVING sum(names) >= 5)
