/*
view = "decided"
title = "What each conjunct decides in each cell"
description = "First match within a stage, first stage that decides; 1 where none does. A view: only `outcomes` and explanations read it."
*/
WITH first_match AS (
    SELECT c.cell, a.side, a.interface, a.conjunct, a.stage, min(a.place) AS place
    FROM policy.cells AS c
    JOIN policy.active AS a
        ON a.segment = c.segment AND a.peer_low <= c.peer_low AND a.peer_high >= c.peer_high
    GROUP BY ALL
)

SELECT cell, side, interface, conjunct,
    coalesce(min_by(place, stage) FILTER (WHERE place & 3 <> 1), 1) AS place
FROM first_match
GROUP BY ALL
