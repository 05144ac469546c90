/*
table = "cells"
title = "Elementary intervals of peers"
description = "Within a cell each rule of its segment covers all peers or none."
*/
WITH bounds AS (
    SELECT segment, x AS peer_low,
        lead(x) OVER (PARTITION BY segment ORDER BY x) AS peer_high
    FROM (SELECT DISTINCT segment, unnest([peer_low, peer_high]) AS x FROM policy.active)
)

SELECT row_number() OVER () AS cell, segment, peer_low, peer_high
FROM bounds
WHERE peer_high IS NOT NULL
