/*
table = "slices"
title = "Slices by local address and source port"
description = "Nearly always one that is whole: rules seldom name local addresses or source ports. A rule covers a slice whole or not at all."
*/
WITH locals AS (
    SELECT subject, direction, family, x AS local_low,
        lead(x) OVER (PARTITION BY subject, direction, family ORDER BY x) AS local_high
    FROM (
        SELECT DISTINCT subject, direction, family, unnest([local_low, local_high]) AS x
        FROM policy.atoms
    )
),

ports AS (
    SELECT subject, direction, family, x AS port_low,
        lead(x) OVER (PARTITION BY subject, direction, family ORDER BY x) AS port_high
    FROM (
        SELECT DISTINCT subject, direction, family, unnest([port_low, port_high]) AS x
        FROM policy.atoms
    )
),

slices AS (
    SELECT l.*, p.port_low, p.port_high
    FROM locals AS l
    JOIN ports AS p USING (subject, direction, family)
    WHERE l.local_high IS NOT NULL AND p.port_high IS NOT NULL
)

SELECT row_number() OVER () AS slice, s.*
FROM slices AS s
SEMI JOIN policy.altered AS c
    ON c.subject = s.subject AND c.direction = s.direction AND c.family = s.family
    AND c.local_low <= s.local_low AND c.local_high >= s.local_high
    AND c.port_low <= s.port_low AND c.port_high >= s.port_high
