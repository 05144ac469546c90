/*
title = "Tagged as production"
description = "Whether a tag or label that names the environment says production, whatever the case of its letters."
*/
CREATE OR REPLACE MACRO memory.main.is_production(tags) AS coalesce(regexp_matches(
    lower(tags::VARCHAR), '"(env|environment|stage)":"(prod|production|prd|live)"'
), false)
