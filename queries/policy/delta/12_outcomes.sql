/*
table = "outcomes"
title = "What both sides decide in each cell"
description = "First match within a stage, first stage that decides, the strictest conjunct, the most open interface. An outcome is a level (0 deny, 1 undecided, 2 allow with inspection, 3 allow) and, in its low 32 bits, the rule that decided."
*/
WITH first_match AS (
    SELECT c.cell, a.side, a.interface, a.conjunct, a.stage, min(a.place) AS place
    FROM policy.cells AS c
    JOIN policy.active AS a
        ON a.segment = c.segment AND a.peer_low <= c.peer_low AND a.peer_high >= c.peer_high
    GROUP BY ALL
),

decided AS (
    SELECT cell, side, interface, conjunct,
        coalesce(min_by(place, stage) FILTER (WHERE place & 3 <> 1), 1) AS place
    FROM first_match
    GROUP BY ALL
),

composed AS (
    SELECT cell, side, interface,
        min(((place & 3) << 32) | ((place >> 2) & 536870911)) AS outcome
    FROM decided
    GROUP BY ALL
)

SELECT
    cell,
    coalesce(max(outcome) FILTER (WHERE side = 'old'), 0) AS old,
    coalesce(max(outcome) FILTER (WHERE side = 'new'), 0) AS new
FROM composed
GROUP BY cell
HAVING old >> 32 <> new >> 32
