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

SELECT l.subject, l.side, l.interface, l.conjunct, l.stage, l.members, r.number
FROM policy.layers AS l
JOIN policy.rules AS r
    ON r.side = l.rules_of AND r.policy_id = l.policy_id
    AND (len(r.targets) = 0 OR list_has_any(r.targets, l.targets))
JOIN policy.services AS s ON s.service = r.service
SEMI JOIN services AS c
    ON c.subject = l.subject AND c.direction = r.direction AND c.low < s.high AND c.high > s.low
