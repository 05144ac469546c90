/*
view = "applied"
title = "Rules of every layer"
description = "Those that the targets of the layer let apply."
*/
SELECT l.*, r.number, r.direction, r.service, r.is_altered
FROM (SELECT * EXCLUDE (direction), direction AS only FROM policy.layers) AS l
JOIN policy.rules AS r
    ON r.side = l.rules_of AND r.policy_id = l.policy_id
    AND (l.only IS NULL OR r.direction = l.only)
    AND (
        len(r.targets) = 0 OR list_has_any(r.targets, l.targets)
        OR len([t FOR t IN r.targets IF list_has_all(l.targets, string_split(t, ' & '))]) > 0
    )
