/*
view = "boxes"
title = "Every rule as boxes"
description = "An interval of services and one of peers, for each address family of a rule, with the members that symbols had before or have after."
*/
SELECT
    r.number, p.members, r.direction, p.family, r.rank, r.level,
    s.low AS service_low, s.high AS service_high,
    p.low AS peer_low, p.high AS peer_high,
    coalesce(o.low, f.low) AS local_low, coalesce(o.high, f.high) AS local_high,
    coalesce(q.low, 0) AS port_low, coalesce(q.high, 65536) AS port_high
FROM policy.rules AS r
JOIN policy.services AS s ON s.service = r.service
JOIN policy.peers AS p ON p.peer = r.peer
JOIN policy.families AS f ON f.family = p.family
LEFT JOIN policy.peers AS o
    ON o.members = p.members AND o.peer = r.local AND o.family = p.family AND o.family <> 'S'
LEFT JOIN policy.ports AS q ON q.source_ports = r.source_ports
WHERE r.local IS NULL OR p.family = 'S' OR o.peer IS NOT NULL
