/*
table = "sliced"
title = "Boxes of each slice"
description = "The rules that cover a slice, and whether one side only has them."
*/
SELECT
    s.slice, a.side, a.interface, a.conjunct, a.stage, a.place,
    a.service_low, a.service_high, a.peer_low, a.peer_high
FROM policy.slices AS s
JOIN policy.atoms AS a
    ON a.subject = s.subject AND a.direction = s.direction AND a.family = s.family
    AND a.local_low <= s.local_low AND a.local_high >= s.local_high
    AND a.port_low <= s.port_low AND a.port_high >= s.port_high
