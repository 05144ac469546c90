/*
table = "instances"
title = "Profiles of instances"
description = "The set of profiles of an instance's interfaces on either side; one open interface is enough to be reached."
*/
SELECT
    kind, instance_id,
    any_value(account_id) AS account_id,
    any_value(region) AS region,
    list(DISTINCT profile ORDER BY profile) FILTER (WHERE side = 'baseline') AS before,
    list(DISTINCT profile ORDER BY profile) FILTER (WHERE side = 'snapshot') AS after
FROM policy.interfaces
GROUP BY kind, instance_id
