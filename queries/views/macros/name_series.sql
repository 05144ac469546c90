/*
title = "Series of a name"
description = "A name with `9` for all that counts: digits, with the letter of a zone behind them, and single letters."
*/
CREATE OR REPLACE MACRO memory.main.name_series(name) AS
    regexp_replace(replace(lower(name), '_', '-'), '[0-9]+[a-z]?\b|\b[a-z]\b', '9', 'g')
