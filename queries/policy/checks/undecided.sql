/*
title = "What applies to an instance always decides"
description = "The last stage of every conjunct has a default. Traffic that no rule decides would count as neither allowed nor denied."
*/
SELECT DISTINCT
    'subject ' || l.subject || ' (' || s.what || '): no rule decides some ' || l.direction
    || ' traffic' AS problem
FROM policy.outcomes AS o
JOIN policy.cells AS c USING (cell)
JOIN policy.segments AS g USING (segment)
JOIN policy.slices AS l USING (slice)
JOIN policy.subjects AS s USING (subject)
WHERE s.what IN ('profile', 'exposure', 'peers') AND 1 IN (o.old >> 32, o.new >> 32)
