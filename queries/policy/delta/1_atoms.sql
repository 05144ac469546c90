/*
table = "atoms"
title = "Every rule as boxes"
description = "A rule of a layer of a subject: an interval of services and one of peers, for each direction and address family. `place` orders rules within a stage and carries the rule and its level in its low bits."
*/
WITH atoms AS (
    SELECT
        l.subject, l.side, r.direction, p.family, l.interface, l.conjunct, l.stage,
        (r.rank << 31) | (r.number << 2) | r.level AS place,
        s.low AS service_low, s.high AS service_high,
        p.low AS peer_low, p.high AS peer_high,
        coalesce(o.low, f.low) AS local_low, coalesce(o.high, f.high) AS local_high,
        coalesce(q.low, 0) AS port_low, coalesce(q.high, 65536) AS port_high
    FROM policy.layers AS l
    JOIN policy.rules AS r
        ON r.side = l.rules_of AND r.policy_id = l.policy_id
        AND (l.direction IS NULL OR r.direction = l.direction)
        AND (
            len(r.targets) = 0 OR list_has_any(r.targets, l.targets)
            OR len([t FOR t IN r.targets IF list_has_all(l.targets, string_split(t, ' & '))]) > 0
        )
    JOIN policy.services AS s ON s.service = r.service
    JOIN policy.peers AS p ON p.members = l.members AND p.peer = r.peer
    JOIN policy.families AS f ON f.family = p.family
    LEFT JOIN policy.peers AS o
        ON o.members = l.members AND o.peer = r.local AND o.family = p.family AND o.family <> 'S'
    LEFT JOIN policy.ports AS q ON q.source_ports = r.source_ports
    WHERE r.local IS NULL OR p.family = 'S' OR o.peer IS NOT NULL
)

SELECT * FROM atoms
UNION ALL
-- What no rule of a stage matches goes on to the next stage.
SELECT DISTINCT
    l.subject, l.side, d.direction, f.family, l.interface, l.conjunct, l.stage,
    (2147483647::BIGINT << 31) | (536870911::BIGINT << 2) | 1,
    0, 16777216, f.low, f.high, f.low, f.high, 0, 65536
FROM policy.layers AS l
CROSS JOIN policy.families AS f
JOIN (VALUES ('ingress'), ('egress')) AS d (direction)
    ON l.direction IS NULL OR l.direction = d.direction
