/*
table = "interfaces"
title = "Profiles of interfaces"
description = "Interfaces with equal layers have equal profiles. `exposure` is the profile with the path from the Internet, `profile` the one without."
*/
WITH lists AS (
    SELECT side, account_id, region, instance_id, interface_id, k.kind,
        list(
            {'conjunct': conjunct, 'stage': stage, 'policy_id': policy_id, 'targets': targets}
            ORDER BY conjunct, stage, policy_id
        ) FILTER (WHERE k.kind = 'exposure' OR conjunct <> 'path') AS layers
    FROM policy.placed
    CROSS JOIN (VALUES ('profile'), ('exposure')) AS k (kind)
    GROUP BY ALL
)

SELECT *, dense_rank() OVER (ORDER BY layers) AS profile
FROM lists
