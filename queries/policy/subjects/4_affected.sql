/*
table = "affected"
title = "Instances to compare"
description = "Those that a changed policy applies to, those whose layers or paths changed, and new ones."
*/
SELECT instance_id FROM snapshot.policy_layers SEMI JOIN policy.changed USING (policy_id)
UNION
SELECT instance_id FROM policy.differing
UNION
SELECT instance_id FROM policy.fresh
