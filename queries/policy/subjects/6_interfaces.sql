/*
table = "interfaces"
title = "Profiles of interfaces"
description = "Interfaces with equal layers have equal profiles. `exposure` is the profile with the path from the Internet, `profile` the one without. `layers` numbers them as `layer` of `policy.placed` does."
*/
WITH lists AS (
    SELECT side, account_id, region, instance_id, interface_id,
        list(layer ORDER BY layer) AS exposure,
        list(layer ORDER BY layer) FILTER (WHERE conjunct <> 'path') AS profile
    FROM policy.placed
    GROUP BY ALL
),

kinds AS (
    SELECT * EXCLUDE (exposure, profile), 'exposure' AS kind, exposure AS layers FROM lists
    UNION ALL
    SELECT * EXCLUDE (exposure, profile), 'profile', profile FROM lists
)

SELECT k.*, p.profile
FROM kinds AS k
JOIN (SELECT layers, row_number() OVER (ORDER BY layers) AS profile
    FROM (SELECT DISTINCT layers FROM kinds)) AS p USING (layers)
