/*
title = "Form of a name"
description = "A name with `a` for letters in a row and `9` for digits; `x` for a word in which they take turns, as in a random one. Letters that are not of ASCII stay, so that what only looks like another letter is another form."
*/
CREATE OR REPLACE MACRO memory.main.name_mask(name) AS regexp_replace(
    regexp_replace(regexp_replace(lower(name), '[a-z]+', 'a', 'g'), '[0-9]+', '9', 'g'),
    '[a9]{3,}', 'x', 'g'
)
