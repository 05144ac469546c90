/*
table = "touched"
title = "Instances to look at"
description = "Those that a changed policy applies to, those whose layers or paths changed, and new ones with their peers."
*/
SELECT instance_id FROM snapshot.policy_layers SEMI JOIN policy.changed USING (policy_id)
UNION
SELECT instance_id FROM policy.differing
UNION
SELECT instance_id FROM policy.fresh
UNION
SELECT instance_id FROM policy.neighbours
