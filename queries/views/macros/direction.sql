/*
title = "Direction of a change"
description = "1 for a change of a setting that is looser or has to be looked at, -1 for one that is tighter, 0 for none, and NULL where a side is not known; see the comparators of the catalogue."
*/
CREATE OR REPLACE MACRO memory.main.direction(
    comparator, was, now, ordered, loose, narrow, wide, has_presence
) AS
    CASE
        WHEN comparator = 'HASH' THEN 1
        WHEN comparator = 'PRESENCE' THEN
            ((now IS NOT NULL)::INT - (was IS NOT NULL)::INT) * if(loose = 'present', 1, -1)
        WHEN comparator = 'REF' AND has_presence AND (was IS NULL OR now IS NULL) THEN 0
        WHEN comparator = 'REF' THEN if(now IS NULL, -1, 1)
        WHEN was IS NULL OR now IS NULL THEN NULL
        WHEN comparator = 'ENUM' THEN
            sign(nullif(list_position(ordered, now), 0) - nullif(list_position(ordered, was), 0))
        WHEN comparator = 'NUM' THEN
            sign(try_cast(now AS HUGEINT) - try_cast(was AS HUGEINT)) * if(loose = 'higher', 1, -1)
        WHEN comparator = 'BOOL' THEN if(was = now, 0, if(now = loose, 1, -1))
        WHEN NOT list_has_all(narrow, wide) THEN 1
        WHEN NOT list_has_all(wide, narrow) THEN -1
        ELSE 0
    END
