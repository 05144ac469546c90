/*
table = "changed_rules"
title = "Rules that one side only has"
description = "For each subject: what is left when the rules that both sides have in the same place are taken away, by their text."
*/
SELECT l.subject, l.side, l.interface, l.conjunct, l.stage, l.members, r.number, r.direction, r.service
FROM policy.layers AS l
JOIN policy.rules AS r
    ON r.side = l.rules_of AND r.policy_id = l.policy_id
    AND (l.direction IS NULL OR r.direction = l.direction)
    AND (len(r.targets) = 0 OR list_has_any(r.targets, l.targets))
WHERE CASE
    WHEN NOT l.is_shared THEN true
    WHEN l.what = 'members' THEN EXISTS (
        SELECT 1 FROM policy.symbols AS s WHERE s.symbol = r.peer OR s.symbol = r.local
    )
    ELSE r.is_altered
END
