/*
table = "altered"
title = "Boxes that one side only has"
description = "Outside of these boxes both sides decide by the same rules in the same order, so nothing else needs to be looked at. Rules that both sides have are left out before they become boxes. Of what is left it does not matter which rule it is, only its rank and what it does."
*/
WITH shifted AS (
    SELECT DISTINCT peer FROM (
        SELECT peer FROM policy.peers GROUP BY peer, family, low, high HAVING min(members) = max(members)
    )
),

rules AS (
    SELECT l.subject, l.side, l.interface, l.conjunct, l.stage, l.members, r.number
    FROM policy.layers AS l
    JOIN policy.rules AS r
        ON r.side = l.rules_of AND r.policy_id = l.policy_id
        AND (l.direction IS NULL OR r.direction = l.direction)
        AND (len(r.targets) = 0 OR list_has_any(r.targets, l.targets))
    WHERE CASE
        WHEN NOT l.is_shared THEN true
        WHEN l.what = 'members' THEN r.peer IN (FROM shifted) OR coalesce(r.local IN (FROM shifted), false)
        ELSE r.is_altered
    END
)

SELECT DISTINCT
    subject, direction, family, service_low, service_high, peer_low, peer_high,
    local_low, local_high, port_low, port_high
FROM (
    SELECT r.* EXCLUDE (side, number, members), b.* EXCLUDE (number, members)
    FROM rules AS r
    JOIN policy.boxes AS b USING (number, members)
    GROUP BY ALL
    HAVING min(r.side) = max(r.side)
)
