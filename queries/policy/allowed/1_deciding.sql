/*
table = "deciding"
title = "Rules that let traffic through, layer by layer"
description = "For each region that the snapshot accepts, the rules of every conjunct of the interfaces that accept it; `region` is the rowid in `policy.regions`."
*/
WITH accepting AS (
    SELECT o.cell, d.interface
    FROM policy.outcomes AS o
    JOIN policy.decided AS d ON d.cell = o.cell AND d.side = 'new'
    WHERE o.new > o.old
    GROUP BY o.cell, o.new, d.interface
    HAVING min(d.place & 3) = o.new >> 32
),

deciding AS (
    SELECT DISTINCT d.cell, (d.place >> 2) & 536870911 AS number
    FROM accepting AS a
    JOIN policy.decided AS d
        ON d.cell = a.cell AND d.interface = a.interface AND d.side = 'new'
),

regions AS (
    SELECT * EXCLUDE (peers), rowid AS region, unnest(peers) AS peer
    FROM policy.regions
)

SELECT r.region, list(DISTINCT d.number ORDER BY d.number) AS rules
FROM deciding AS d
JOIN policy.cells AS c USING (cell)
JOIN policy.segments AS g USING (segment)
JOIN policy.slices AS s USING (slice)
JOIN regions AS r
    ON r.subject = s.subject AND r.direction = s.direction AND r.family = s.family
    AND r.local_low = s.local_low AND r.local_high = s.local_high
    AND r.port_low = s.port_low AND r.port_high = s.port_high
    AND r.service_low <= g.service_low AND r.service_high >= g.service_high
    AND r.peer.low <= c.peer_low AND r.peer.high >= c.peer_high
GROUP BY r.region
