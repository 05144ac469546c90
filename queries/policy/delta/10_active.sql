/*
table = "active"
title = "Rules that cover a segment"
description = "What is left of a rule within a segment is an interval of peers."
*/
SELECT
    s.segment, a.side, a.interface, a.conjunct, a.stage, a.place, a.peer_low, a.peer_high
FROM policy.segments AS s
JOIN policy.sliced AS a
    ON a.slice = s.slice
    AND a.service_low <= s.service_low AND a.service_high >= s.service_high
