/*
table = "altered"
title = "Boxes that one side only has"
description = "Outside of these boxes both sides decide by the same rules in the same order, so nothing else needs to be looked at. It does not matter which rule it is, only its rank and what it does."
*/
SELECT DISTINCT
    subject, direction, family, service_low, service_high, peer_low, peer_high,
    local_low, local_high, port_low, port_high
FROM (
    SELECT r.subject, r.interface, r.conjunct, r.stage, b.* EXCLUDE (number, members)
    FROM policy.changed_rules AS r
    JOIN policy.boxes AS b USING (number, members)
    GROUP BY ALL
    HAVING min(r.side) = max(r.side)
)
