/*
title = "Every subject has layers on both sides"
description = "A side without layers would mean that nothing is allowed there, and everything on the other side be loosened."
*/
SELECT
    'subject ' || s.subject || ' (' || s.what || '): no layers on the ' || d.side || ' side' AS problem
FROM policy.subjects AS s
CROSS JOIN (VALUES ('old'), ('new')) AS d (side)
ANTI JOIN policy.layers AS l ON l.subject = s.subject AND l.side = d.side
ANTI JOIN policy.settled AS n ON n.subject = s.subject
