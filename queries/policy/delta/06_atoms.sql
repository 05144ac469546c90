/*
table = "atoms"
title = "The boxes of both sides that matter"
description = "Those of a subject's rules that meet an altered box. `place` orders rules within a stage and carries the rule and its level in its low bits."
*/
WITH reach AS (
    SELECT subject, direction, family, service_low, service_high,
        min(peer_low) AS peer_low, max(peer_high) AS peer_high
    FROM policy.altered
    GROUP BY ALL
)

SELECT
    r.subject, r.side, b.direction, b.family, r.interface, r.conjunct, r.stage,
    (b.rank << 31) | (b.number << 2) | b.level AS place,
    b.* EXCLUDE (number, members, direction, family, rank, level)
FROM policy.met_rules AS r
JOIN policy.boxes AS b USING (number, members)
SEMI JOIN reach AS a
    ON a.subject = r.subject AND a.direction = b.direction AND a.family = b.family
    AND a.service_low < b.service_high AND a.service_high > b.service_low
    AND a.peer_low < b.peer_high AND a.peer_high > b.peer_low
UNION ALL
-- What no rule of a conjunct matches is undecided.
SELECT
    l.subject, l.side, a.direction, f.family, l.interface, l.conjunct, min(l.stage),
    (2147483647::BIGINT << 31) | (536870911::BIGINT << 2) | 1,
    0, 16777216, f.low, f.high, f.low, f.high, 0, 65536
FROM (SELECT DISTINCT subject, direction, family FROM policy.altered) AS a
JOIN policy.layers AS l ON l.subject = a.subject
JOIN policy.families AS f ON f.family = a.family
WHERE l.direction IS NULL OR l.direction = a.direction
GROUP BY ALL
