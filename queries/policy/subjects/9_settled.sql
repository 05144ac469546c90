/*
table = "settled"
title = "Subjects in which nothing can differ"
description = "The Internet gets there on neither side, or all of a new instance's profiles are its peers', too."
*/
SELECT subject
FROM policy.subjects
WHERE what = 'peers' AND list_has_all(before, after)
UNION ALL
SELECT s.subject
FROM (
    SELECT subject, unnest(before || after) AS profile
    FROM policy.subjects
    WHERE what = 'exposure'
) AS s
LEFT JOIN policy.profiles AS p ON p.profile = s.profile AND p.policy_id = 'no public path'
GROUP BY s.subject
HAVING bool_and(p.profile IS NOT NULL)
