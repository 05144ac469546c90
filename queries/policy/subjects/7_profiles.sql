/*
table = "profiles"
title = "Layers of each profile"
description = "One row per profile and layer."
*/
SELECT p.profile, l.conjunct, l.stage, l.policy_id, l.targets
FROM (SELECT profile, unnest(any_value(layers)) AS layer FROM policy.interfaces GROUP BY profile) AS p
JOIN (SELECT DISTINCT layer, conjunct, stage, policy_id, targets FROM policy.placed) AS l USING (layer)
