/*
table = "met_rules"
title = "Rules that matter"
description = "All rules of a subject that share a service with one that changed. Of other rules the symbols need not be known."
*/
WITH services AS (
    SELECT DISTINCT c.subject, c.direction, s.low, s.high
    FROM policy.changed_rules AS c
    JOIN policy.services AS s USING (service)
)

SELECT a.subject, a.side, a.interface, a.conjunct, a.stage, a.members, a.number
FROM policy.applied AS a
JOIN policy.services AS s USING (service)
SEMI JOIN services AS c
    ON c.subject = a.subject AND c.direction = a.direction AND c.low < s.high AND c.high > s.low
