/*
table = "altered"
title = "Boxes that one side only has"
description = "Outside of these boxes both sides decide by the same rules in the same order, so nothing else needs to be looked at. Which rule it is does not matter, only its rank and what it does."
*/
SELECT DISTINCT
    subject, direction, family, service_low, service_high, peer_low, peer_high,
    local_low, local_high, port_low, port_high
FROM (
    SELECT * EXCLUDE (side, place), place >> 31 AS rank, place & 3 AS level
    FROM policy.atoms
    GROUP BY ALL
    HAVING min(side) = max(side)
)
