/*
table = "outcomes"
title = "What both sides decide in each cell"
description = "Of what the conjuncts decide the strictest one, the most open interface. An outcome is a level (0 deny, 1 undecided, 2 allow with inspection, 3 allow) and, in its low 32 bits, the rule that decided."
*/
WITH composed AS (
    SELECT cell, side, interface,
        min(((place & 3) << 32) | ((place >> 2) & 536870911)) AS outcome
    FROM policy.decided
    GROUP BY ALL
)

SELECT
    cell,
    coalesce(max(outcome) FILTER (WHERE side = 'old'), 0) AS old,
    coalesce(max(outcome) FILTER (WHERE side = 'new'), 0) AS new
FROM composed
GROUP BY cell
HAVING old >> 32 <> new >> 32
