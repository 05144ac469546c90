/*
table = "changed_rules"
title = "Rules that one side only has"
description = "For each subject: what is left when the rules that both sides have in the same place are taken away, by their text. If only members changed, the rules that name them."
*/
WITH shifted AS (
    SELECT DISTINCT number
    FROM (
        SELECT number, unnest(list_concat(string_split(peer, ' & '), string_split(local, ' & '))) AS symbol
        FROM policy.rules
    )
    SEMI JOIN policy.symbols USING (symbol)
)

SELECT subject, side, interface, conjunct, stage, members, number, direction, service
FROM policy.applied AS a
WHERE CASE
    WHEN NOT is_shared THEN true
    WHEN what = 'members' THEN number IN (SELECT number FROM shifted)
    ELSE is_altered
END
