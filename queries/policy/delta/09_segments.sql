/*
table = "segments"
title = "Elementary intervals of services"
description = "Within a segment each rule covers all services or none. Only those that a box of one side covers."
*/
WITH bounds AS (
    SELECT slice, x AS service_low,
        lead(x) OVER (PARTITION BY slice ORDER BY x) AS service_high
    FROM (SELECT DISTINCT slice, unnest([service_low, service_high]) AS x FROM policy.sliced)
)

SELECT row_number() OVER () AS segment, b.slice, b.service_low, b.service_high
FROM bounds AS b
JOIN policy.slices AS s USING (slice)
SEMI JOIN policy.altered AS c
    ON c.subject = s.subject AND c.direction = s.direction AND c.family = s.family
    AND c.local_low <= s.local_low AND c.local_high >= s.local_high
    AND c.port_low <= s.port_low AND c.port_high >= s.port_high
    AND c.service_low <= b.service_low AND c.service_high >= b.service_high
WHERE b.service_high IS NOT NULL
