/*
table = "touched"
title = "Instances to look at"
description = "Those to compare, and the peers of new ones, of which only the baseline matters."
*/
SELECT instance_id FROM policy.affected
UNION
SELECT instance_id FROM policy.neighbours
