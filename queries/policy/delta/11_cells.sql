/*
table = "cells"
title = "Elementary intervals of peers"
description = "Within a cell each rule of its segment covers all peers or none. Only those that a box of one side covers."
*/
WITH boxes AS (
    SELECT g.segment, c.peer_low, c.peer_high
    FROM policy.segments AS g
    JOIN policy.slices AS s USING (slice)
    JOIN policy.altered AS c
        ON c.subject = s.subject AND c.direction = s.direction AND c.family = s.family
        AND c.local_low <= s.local_low AND c.local_high >= s.local_high
        AND c.port_low <= s.port_low AND c.port_high >= s.port_high
        AND c.service_low <= g.service_low AND c.service_high >= g.service_high
),

furthest AS (
    -- How far the boxes get that begin at or before here.
    SELECT DISTINCT segment, peer_low AS low,
        max(peer_high) OVER (PARTITION BY segment ORDER BY peer_low) AS high
    FROM boxes
),

bounds AS (
    SELECT segment, x AS peer_low,
        lead(x) OVER (PARTITION BY segment ORDER BY x) AS peer_high
    FROM (SELECT DISTINCT segment, unnest([peer_low, peer_high]) AS x FROM policy.active)
)

SELECT row_number() OVER () AS cell, b.segment, b.peer_low, b.peer_high
FROM bounds AS b
ASOF JOIN furthest AS f ON f.segment = b.segment AND f.low <= b.peer_low
WHERE b.peer_high <= f.high
